"""One-time codes by SMS: what confirms a payout destination, and what cash is collected with.

A code is drawn at the edge, texted, and kept as a keyed MAC. It has no say in whether two commands
have the same contents: a command sent again comes with another.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class CodeMac:
    """What is kept of a code."""

    kid: str
    mac: bytes


class OneTimeCode:
    """A code on its way to its MAC or its text. It shows itself to nobody."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "OneTimeCode(****)"

    @classmethod
    def draw(cls, digits: int, below: Callable[[int], int] = secrets.randbelow) -> OneTimeCode:
        """Return so many digits by chance."""
        return cls(f"{below(10**digits):0{digits}d}")

    @property
    def for_text(self) -> str:
        """The code itself, for the SMS that carries it."""
        return self._text

    def made(self, purpose: str, id_: int, keys: Mapping[str, bytes]) -> CodeMac:
        """Return what to keep of it, under the current key."""
        kid = next(iter(keys))
        return CodeMac(kid, self._mac(purpose, id_, keys[kid]))

    def fits(self, purpose: str, id_: int, kept: CodeMac, keys: Mapping[str, bytes]) -> bool:
        """Tell whether it is the code that was kept; never where its key is gone."""
        key = keys.get(kept.kid)
        return key is not None and hmac.compare_digest(kept.mac, self._mac(purpose, id_, key))

    def _mac(self, purpose: str, id_: int, key: bytes) -> bytes:
        said = b"%s|%d|%s" % (purpose.encode(), id_, self._text.encode())
        return hmac.digest(key, said, sha256)
