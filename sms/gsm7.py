r"""GSM 03.38, the alphabet of text messages: what can be written in it, and how long it is.

Units: septets. One text holds 160; an extension character (`^{}\[~]|` and the euro) takes two.
"""

import re
from typing import Final

from gsm0338 import Codec

LIMIT: Final = 160

_ESCAPE: Final = 0x1B
_CODEC: Final = Codec()
_BASIC: Final = frozenset(
    _CODEC.decode(bytes([code]))[0] for code in range(0x80) if code != _ESCAPE
)
_EXTENSION: Final = frozenset("\f^{}\\[~]|€")
WRITABLE: Final = _BASIC | _EXTENSION
_PLAIN_ASCII: Final = "".join(sorted(c for c in _BASIC if c.isascii() and c >= " ")).encode()
_NUMBER: Final = re.compile(r"[0-9]+(?:[ .,:/^_-]?[0-9]+)*")


def is_gsm7(text: str) -> bool:
    """Say whether every character can be written in GSM-7."""
    return WRITABLE.issuperset(text)


def is_plain(text: str) -> bool:
    """Say, fast, whether the text is one line of ASCII that takes a septet a character."""
    return text.isascii() and not text.encode().translate(None, _PLAIN_ASCII)


def septets(text: str) -> int:
    """Return the length in septets; a text outside GSM-7 is a mistake of ours."""
    if _BASIC.issuperset(text):
        return len(text)
    if not is_gsm7(text):
        raise ValueError("the text holds characters outside GSM-7")
    return len(text) + sum(character in _EXTENSION for character in text)


def fits(text: str, limit: int = LIMIT) -> bool:
    """Say whether the text can be sent as one message of `limit` septets."""
    return is_gsm7(text) and septets(text) <= limit


def cut(text: str, limit: int) -> str:
    """Return as much of a text's beginning as `limit` septets hold, its last number whole or out.

    Half a number would be another number: "Branch 12" is not "Branch 1".
    """
    if septets(text) <= limit:
        return text
    kept = text
    while septets(kept) > limit:
        kept = kept[:-1]
    end = len(kept)
    halved = next((n.start() for n in _NUMBER.finditer(text) if n.start() < end < n.end()), end)
    return (kept[:halved] or kept).rstrip()
