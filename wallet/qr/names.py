"""Merchant names and cities as EMVCo wants them: ASCII in 59 and 60, any script in 64."""

import unicodedata

NAME_CHARS = 25
CITY_CHARS = 15

# Joiners are spelling in some scripts; the other invisible characters only serve to deceive.
_JOINERS = "\u200c\u200d"


def cleaned(text: str, most_chars: int) -> str:
    """Composed, without invisible characters, spaces made single, cut to length."""
    composed = unicodedata.normalize("NFC", text)
    visible = "".join(c if _is_visible(c) else " " for c in composed)
    return " ".join(visible.split())[:most_chars].rstrip()


def is_readable(text: str) -> bool:
    return any(character.isalnum() for character in text)


def in_ascii(text: str, most_chars: int, fallback: str) -> str:
    """The text without its accents, or the fallback where another script leaves nothing."""
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    kept = cleaned(plain, most_chars)
    return kept if is_readable(kept) else fallback


def _is_visible(character: str) -> bool:
    return character in _JOINERS or not unicodedata.category(character).startswith("C")
