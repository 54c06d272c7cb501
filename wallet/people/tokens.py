"""Access tokens: HS256, ten minutes, holding who somebody is and what roles they have.

A token is checked on every request, so one that was verified is remembered by its digest, in
a bounded dictionary of this process, until it expires. There is nothing to forget sooner: an
access token cannot be called back, which is why it lives so shortly.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

import jwt

from wallet.clock import Clock, id_of, reference
from wallet.errors import Code, Refused

LIFETIME: Final = timedelta(minutes=10)
ALGORITHM: Final = "HS256"
ISSUER: Final = "kibubu"
REMEMBERED: Final = 100_000
LONGEST: Final = 2048


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request, as their token proves it."""

    holder_id: int
    roles: frozenset[str]


class AccessTokens:
    """Issues and checks access tokens under one key."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock
        self._verified: dict[bytes, tuple[Caller, datetime]] = {}  # by the token's digest
        self._lock = threading.Lock()

    def issue(self, caller: Caller) -> str:
        """Return a token for `caller`, good for `LIFETIME`."""
        now = self._clock.now()
        claims = {
            "iss": ISSUER,
            "sub": reference(caller.holder_id),
            "roles": sorted(caller.roles),
            "iat": int(now.timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
        }
        return jwt.encode(claims, self._key, ALGORITHM)

    def read(self, token: str) -> Caller:
        """Return whose token it is.

        Raises `Refused` with `token_expired`, or `unauthenticated` for what we never signed.
        """
        digest = blake2b(token.encode(), digest_size=16).digest()  # short: many are remembered
        known = self._verified.get(digest)
        if known is None:
            known = self._verify(token, digest)
        caller, expires_at = known
        if self._clock.now() >= expires_at:
            self._verified.pop(digest, None)
            raise Refused(Code.TOKEN_EXPIRED)
        return caller

    def _verify(self, token: str, digest: bytes) -> tuple[Caller, datetime]:
        claims = self._claims(token)
        holder_id = id_of(str(claims["sub"]))
        roles, expires = claims.get("roles"), claims["exp"]
        # 0 is the worker, who waits for nobody's approval: no token speaks for it.
        if not holder_id or not isinstance(roles, list) or not isinstance(expires, int):
            raise Refused(Code.UNAUTHENTICATED)
        caller = Caller(holder_id, frozenset(str(role) for role in roles))
        verified = (caller, datetime.fromtimestamp(expires, UTC))
        with self._lock:
            if len(self._verified) >= REMEMBERED:
                del self._verified[next(iter(self._verified))]  # the oldest
            self._verified[digest] = verified
        return verified

    def _claims(self, token: str) -> dict[str, Any]:
        if len(token) > LONGEST:
            raise Refused(Code.UNAUTHENTICATED)
        try:
            return jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                # Times are compared with our own clock, in `read`.
                options={
                    "require": ["sub", "exp", "iss"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except jwt.InvalidTokenError as error:
            raise Refused(Code.UNAUTHENTICATED) from error
