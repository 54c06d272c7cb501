"""What paste, scanners and spreadsheets leave in and around a number, a code or a name.

A contact or a chat wraps a number in marks that nobody sees, a PDF writes other spaces and hyphens.
U+202E stays where it is, to be refused: it shows digits backwards, so another number was seen.
"""

from __future__ import annotations

from typing import Final


def _run(first: str, last: str) -> str:
    return "".join(map(chr, range(ord(first), ord(last) + 1)))


_UNSEEN: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u3164\ufeff\uffa0"
    + _run("\u180b", "\u180f")
    + _run("\u200b", "\u200f")
    + _run("\u202a", "\u202d")
    + _run("\u2060", "\u2064")
    + _run("\u2066", "\u206f")
    + _run("\ufe00", "\ufe0f")
    + _run("\ufff9", "\ufffb")
    + _run("\U000e0000", "\U000e01ef")
)
_SPACES: Final = "\u00a0\u1680\u202f\u205f\u2800\u3000" + _run("\u2000", "\u200a")
_HYPHENS: Final = "\u2043\u2212\ufe58\ufe63\uff0d" + _run("\u2010", "\u2015")
_PLAIN: Final = (
    str.maketrans("", "", _UNSEEN)
    | str.maketrans(dict.fromkeys(_SPACES, " "))
    | str.maketrans(dict.fromkeys(_HYPHENS, "-"))
)
_ENDS: Final = _UNSEEN + _SPACES + "\x7f\x85\u2028\u2029" + _run("\0", " ")


def plain(text: str) -> str:
    """Return the text without what nobody sees, its spaces and hyphens plain, none at its ends."""
    return (text if text.isascii() else text.translate(_PLAIN)).strip()


def trimmed(text: str) -> str:
    """Return the text without what nobody sees at its ends; all else is as it was."""
    return text.strip(_ENDS)
