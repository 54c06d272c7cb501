"""What an agreement is about, in the payer's words: one line that both sides can be texted."""

from __future__ import annotations

import unicodedata
from typing import Final

from wallet.errors import Code, Refused

LONGEST_DESCRIPTION: Final = 80


def check_description(text: object) -> str:
    """Return a description with its spaces tidied. Raises `Refused`: empty, too long, unprintable.

    Marks that turn the direction of writing are unprintable: they could make it read otherwise.
    """
    if not isinstance(text, str) or len(text) > LONGEST_DESCRIPTION * 2:
        raise Refused(Code.DESCRIPTION_MALFORMED)
    tidy = unicodedata.normalize("NFC", text.strip(" "))
    if not tidy or len(tidy) > LONGEST_DESCRIPTION or not tidy.isprintable():
        raise Refused(Code.DESCRIPTION_MALFORMED)
    return tidy
