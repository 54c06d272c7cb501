"""Words of other scripts in Latin letters, for a text or a screen whose alphabet lacks them.

What they say letter by letter is AnyAscii's. Where a script leaves out or moves a vowel, the word
is first written as it is said: a name has to be known again by somebody who is about to pay.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from anyascii import anyascii

_VOWELS: Final = tuple("aeiou")
_SAID_A: Final = str.maketrans("\u0627\u0629\u0649", "aaa")  # Arabic: Alef and two at a name's end
_BREATH_FIRST: Final = re.compile("[`'][^aeiouAEIOU]")  # Alef or Ayn: an A where a name begins
# Thai and Lao write some vowels before the consonant that they are said after, and letters that are
# not said: with a mark that cancels them, or an H that only sets the tone.
_THAI_OR_LAO: Final = re.compile("[\u0e01-\u0eff]")
_VOWEL_FIRST: Final = re.compile("([\u0e40-\u0e44\u0ec0-\u0ec4])([\u0e01-\u0e2e\u0e81-\u0eae])")
_SILENT: Final = re.compile(
    "[\u0e01-\u0e2e\u0e81-\u0eae][\u0e34\u0e38\u0eb4\u0eb8]?[\u0e4c\u0ecc]"
    "|\u0e2b(?=[\u0e07\u0e0d\u0e19\u0e21\u0e22\u0e23\u0e25\u0e27])"
)
_TONES: Final = re.compile("[\u0e47-\u0e4b\u0ec8-\u0ecb]")
_CARRIERS: Final = ("\u0e2d", "\u0ead")  # the letter O, which also carries other vowels
_LIQUIDS: Final = ("r", "l", "w")
# Scripts of India, 128 code points each: a consonant is said with an A, unless another vowel or a
# virama follows.
_INDIC: Final = re.compile("[\u0900-\u0dff]")
_ANUSVARA: Final = 2  # its place in each
_NUKTA, _VIRAMA = 7, 9  # combining classes


@lru_cache(maxsize=8192)
def in_latin(word: str) -> str:
    """Return a word of another script in Latin letters; empty where nothing is known of it."""
    if _THAI_OR_LAO.match(word):
        spelt = _thai_or_lao(word)
    elif _INDIC.match(word):
        spelt = _indic(word)
    else:
        spelt = anyascii(word.translate(_SAID_A))
    if _BREATH_FIRST.match(spelt):
        spelt = f"a{spelt}"
    spelt = "".join(letter for letter in spelt if letter.isalnum() or letter == " ")
    if word.isupper() and len(word) > 1:
        return spelt.upper()
    has_case = word[0].islower() or word[0].isupper()
    return spelt if has_case else spelt[:1].upper() + spelt[1:]


def _thai_or_lao(word: str) -> str:
    """Between two consonants a short O or A is said that is not written."""
    word = _TONES.sub("", _SILENT.sub("", word))
    letters = ["o" if c in _CARRIERS else anyascii(c) for c in _VOWEL_FIRST.sub(r"\2\1", word)]
    if word.startswith(_CARRIERS):  # said as whatever vowel it carries
        letters[0] = "" if _is_vowel(letters[1:2]) else "a"
    spelt, is_open = "", False  # open: a syllable that a consonant may still end
    for at, letter in enumerate(letters):
        second, third = letters[at + 1 : at + 2], letters[at + 2 : at + 3]
        if letter.startswith(_VOWELS):
            carries = letter == "o" and _is_vowel(second) and not is_open
            spelt, is_open = spelt + ("" if carries else letter), not carries
        elif _is_vowel(second) or is_open or not second:
            spelt, is_open = spelt + letter, False
        elif not _is_vowel(third):
            spelt, is_open = f"{spelt}{letter}o", True
        else:
            spelt += letter if second[0].startswith(_LIQUIDS) else f"{letter}a"
    return spelt


def _is_vowel(letters: Sequence[str]) -> bool:
    return bool(letters) and letters[0].startswith(_VOWELS)


def _indic(word: str) -> str:
    letters = [letter for letter in word if unicodedata.combining(letter) != _NUKTA]
    spelt = ""
    for letter, following in zip(letters, [*letters, ""][1:], strict=True):
        said, after = anyascii(letter), anyascii(following)
        if ord(letter) % 128 == _ANUSVARA and not after.startswith(("p", "b", "m")):
            said = "n"
        is_mark = unicodedata.category(following or "a").startswith("M")
        has_vowel = is_mark and (
            after.startswith(_VOWELS) or unicodedata.combining(following) == _VIRAMA
        )
        is_bare = unicodedata.category(letter) == "Lo" and not said.endswith(_VOWELS)
        spelt += f"{said}a" if said and is_bare and following and not has_vowel else said
    return spelt
