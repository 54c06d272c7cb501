r"""GSM 03.38, the alphabet of text messages: how long a text is, how to write it in that alphabet.

Units: septets. One text holds 160; an extension character (`^{}\[~]|` and the euro) takes two.
"""

import unicodedata
from typing import Final

from gsm0338 import Codec

LIMIT: Final = 160

_ESCAPE: Final = 0x1B
_CODEC: Final = Codec()
_BASIC: Final = frozenset(
    _CODEC.decode(bytes([code]))[0] for code in range(0x80) if code != _ESCAPE
)
_EXTENSION: Final = frozenset("\f^{}\\[~]|€")
_WRITABLE: Final = _BASIC | _EXTENSION
_PLAIN_ASCII: Final = "".join(sorted(c for c in _BASIC if c.isascii() and c >= " ")).encode()
# Letters and signs that Unicode does not decompose, so accents cannot simply be dropped from them.
_PLAIN: Final = (
    dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u02bb\u02b9\u2032\u00b4`", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | {"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th"}
    | {"ı": "i", "ŋ": "ng", "Ŋ": "Ng", "œ": "oe", "Œ": "OE", "ħ": "h", "ɓ": "b", "Ɓ": "B"}
    | {"ɗ": "d", "Ɗ": "D", "ƙ": "k", "Ƙ": "K", "ɛ": "e", "Ɛ": "E", "ɔ": "o", "Ɔ": "O"}
    | {"₦": "N", "₱": "P", "฿": "B", "₵": "GHS", "₹": "Rs", "৳": "Tk", "•": "-", "×": "x"}
)


def is_gsm7(text: str) -> bool:
    """Say whether every character can be written in GSM-7."""
    return _WRITABLE.issuperset(text)


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


def to_gsm7(text: str) -> str:
    """Write the text in GSM-7: accents and typography made plain, the unwritable dropped."""
    if _WRITABLE.issuperset(text):
        return text
    # Composed first, so that "e" + combining acute becomes the writable "é".
    return "".join(_spell(character) for character in unicodedata.normalize("NFC", text))


def _spell(character: str) -> str:
    if character in _WRITABLE:
        return character
    if character.isspace():
        return " "
    if (digit := unicodedata.decimal(character, None)) is not None:
        return str(digit)
    if character in _PLAIN:
        return _PLAIN[character]
    decomposed = unicodedata.normalize("NFKD", character)
    return "".join(part if part in _WRITABLE else _PLAIN.get(part, "") for part in decomposed)
