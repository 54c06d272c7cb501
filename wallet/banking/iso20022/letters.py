"""The letters that payment systems pass on unharmed: EPC 217-08, basic Latin."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

NAME_CHARACTERS: Final = 70
_NOT_PASSED: Final = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]+")
_SPELT: Final = str.maketrans(
    {
        "&": "+", "@": "(at)", "_": "-", "’": "'", "‘": "'", "ʼ": "'", "–": "-", "—": "-",
        "ß": "ss", "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "Ø": "O", "ø": "o", "Đ": "D",
        "đ": "d", "Ł": "L", "ł": "l", "Ŋ": "Ng", "ŋ": "ng", "Ɔ": "O", "ɔ": "o", "Ɛ": "E",
        "ɛ": "e", "Ɓ": "B", "ɓ": "b", "Ɗ": "D", "ɗ": "d", "Ƙ": "K", "ƙ": "k", "Þ": "Th",
        "þ": "th", "ı": "i",
    }
)  # fmt: skip


def plain(text: str, characters: int = NAME_CHARACTERS, *, otherwise: str = "") -> str:
    """Return text in letters a bank passes on; `otherwise` where none are left.

    >>> plain("Wanjirũ & Søn")
    'Wanjiru + Son'
    """
    bare = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text.translate(_SPELT))
        if not unicodedata.combining(letter)
    )
    passed = _NOT_PASSED.sub(" ", bare)
    tidy = re.sub(r"//+", "/", " ".join(passed.split()))[:characters].strip("/ ")
    return tidy if any(letter.isalnum() for letter in tidy) else otherwise
