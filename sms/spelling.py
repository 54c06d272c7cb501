"""How a text is written in GSM-7 that holds what GSM-7 lacks: spelt out, never to mean another.

Other scripts are written in Latin letters. What stands for a number keeps its meaning: "1½" is
"1 1/2" and not "11/2" or "1", "10²" is "10^2", "2·5" is "2.5". Ornaments are left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from typing import Final

from anyascii import anyascii

from sms.gsm7 import WRITABLE, is_gsm7
from sms.latin import in_latin

_PLAIN: Final = (
    dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u02bb\u02b9\u2032\u00b4`", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    # Letters that Unicode does not decompose, so accents cannot simply be dropped from them.
    | {"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th"}
    | {"ı": "i", "ŋ": "ng", "Ŋ": "Ng", "œ": "oe", "Œ": "OE", "ħ": "h", "ɓ": "b", "Ɓ": "B"}
    | {"ɗ": "d", "Ɗ": "D", "ƙ": "k", "Ƙ": "K", "ɛ": "e", "Ɛ": "E", "ɔ": "o", "Ɔ": "O"}
    # Currencies: as people write them there, or their codes.
    | {"₦": "N", "₱": "P", "฿": "B", "₵": "GHS", "₹": "Rs", "৳": "Tk", "₿": "BTC", "¢": "c"}
    | {"₡": "CRC", "₩": "KRW", "₪": "ILS", "₫": "VND", "₭": "LAK", "₮": "MNT", "₲": "PYG"}
    | {"₴": "UAH", "₸": "KZT", "₺": "TRY", "₼": "AZN", "₽": "RUB", "₾": "GEL", "៛": "KHR"}
    | {"؋": "AFN", "֏": "AMD", "円": "Yen"}
    # Units and signs. A point stays a point, and a bullet does not become a minus.
    | {"·": ".", "٫": ".", "٬": ",", "\u2044": "/", "\u2215": "/", "÷": "/", "×": "x", "⋅": "*"}
    | {"±": "+/-", "≈": "~", "≥": ">=", "≤": "<=", "≠": "!=", "‰": " per mille", "°": "deg"}
    | {"µ": "u", "μ": "u", "™": "(TM)", "©": "(C)", "®": "(R)"}
    | {"🔟": "10", "💯": "100"}
    | dict.fromkeys("•‣◦∙⁃", "*")
)
_ETHIOPIC: Final = re.compile("([\u1369-\u137c]+)")
_KEPT_WHOLE: Final = frozenset("\u0e33\u0eb3")  # Thai and Lao AM, vowels of one sign
_ENDS_IN_NUMBER: Final = re.compile(r"[0-9]\.?\Z")
_APART: Final = {"<super>": "^", "<sub>": "_"}
# Categories of Unicode.
_UNSEEN: Final = ("Cc", "Cf", "Cs")
_NUMBERS: Final = ("Nl", "No")
_UNSAID: Final = ("C", "M", "So")  # marks and ornaments


def to_gsm7(text: str) -> str:
    """Write the text in GSM-7. Of a text of ornaments alone their names are written."""
    if is_gsm7(text):
        return text
    visible = "".join(c for c in text if c.isspace() or unicodedata.category(c) not in _UNSEEN)
    spelt = _joined(_pieces(_taken_apart(visible)))
    if any(map(str.isalnum, spelt)):
        return spelt
    return _named(visible) or spelt


def _taken_apart(text: str) -> str:
    """Compose letters with their accents; take apart what only looks another way: "ﬁ", "Ａ"."""
    letters = (unicodedata.normalize("NFKD", c) if _is_lookalike(c) else c for c in text)
    return unicodedata.normalize("NFC", "".join(letters))


@lru_cache(maxsize=4096)
def _is_lookalike(c: str) -> bool:
    is_letter = unicodedata.category(c).startswith("L") and c not in _KEPT_WHOLE
    return is_letter and unicodedata.decomposition(c).startswith("<")


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Give what is written for each part, and what sets it apart from a digit beside it."""
    for at, part in enumerate(_ETHIOPIC.split(text)):
        if at % 2:
            yield str(_ethiopic(part)), " "
            continue
        for is_foreign, letters in groupby(part, key=_is_foreign):
            run = "".join(letters)
            if is_foreign and run not in _PLAIN:
                spelt = run if is_gsm7(run) else in_latin(run)
                yield spelt, _apart_from_digits(spelt)  # a letter may be a number, or end in one
            else:
                yield from map(_written, run)


@lru_cache(maxsize=4096)
def _is_foreign(c: str) -> bool:
    """Tell whether it is part of a word that is not in Latin letters."""
    if c.isascii() or unicodedata.category(c)[0] not in "LM" or c in _PLAIN:
        return c == "μ"
    return not unicodedata.name(c, "LATIN").startswith(("LATIN", "COMBINING", "MODIFIER"))


@lru_cache(maxsize=4096)
def _written(c: str) -> tuple[str, str]:
    spelt = _spell(c)
    if c in WRITABLE or c.isdecimal() or unicodedata.category(c).startswith("M"):
        return spelt, ""
    if not spelt:
        return "", " "  # an ornament stood between what is beside it
    kind = unicodedata.decomposition(c).partition(" ")[0]
    return spelt, _APART.get(kind, _apart_from_digits(spelt))


def _apart_from_digits(spelt: str) -> str:
    return " " if any(map(str.isdigit, spelt)) else ""


def _spell(c: str) -> str:
    if c in WRITABLE:
        return c
    if c.isspace():
        return " "
    if c in _PLAIN:
        return _PLAIN[c]
    if c.isdecimal():
        return str(unicodedata.decimal(c))
    apart = unicodedata.normalize("NFKD", c)
    if apart != c:
        return "".join(
            in_latin(part) if _is_foreign(part) and part != "μ" else _spell(part) for part in apart
        )
    category = unicodedata.category(c)
    number = unicodedata.numeric(c, None) if category in _NUMBERS else None
    if number is not None and number.is_integer():
        return str(int(number))
    return "" if category.startswith(_UNSAID) else _named(c)


def _named(text: str) -> str:
    return "".join(c for c in anyascii(text) if c in WRITABLE)


def _joined(pieces: Iterator[tuple[str, str]]) -> str:
    """Join the pieces; a number that was spelt out runs into no digit beside it."""
    text, before = "", ""
    for piece, apart in pieces:
        if not piece:
            before = before or apart
            continue
        follows_number = _ENDS_IN_NUMBER.search(text[-2:]) is not None
        if apart in _APART.values():  # a power or an index, of some digits and perhaps a sign
            if (
                apart != before
                and piece[0] in "0123456789+-"
                and (follows_number or piece[0] in "+-" or text.endswith(")"))
            ):
                text += apart
        elif follows_number and piece[0].isdigit() and (apart or before):
            text += " "
        text += piece
        before = apart
    return text


def _ethiopic(numerals: str) -> int:
    """Return a number in Ethiopic numerals: ones and tens, which a hundred or 10,000 multiplies."""
    number, part = 0, 0
    for numeral in numerals:
        value = int(unicodedata.numeric(numeral))
        if value < 100:
            part += value
        elif value == 100:
            part = max(part, 1) * 100
        else:
            number, part = max(number + part, 1) * value, 0
    return number + part
