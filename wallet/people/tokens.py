"""Access tokens: HS256, ten minutes, holding who somebody is and what roles they have.

PyJWT makes them, and says what is right. Reading is on the way of every request, and takes PyJWT
ten times as long as proving the signature does. So a token that is to the letter like those we make
is read here: their header, our signature, their claims. Every other one goes to PyJWT.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import jwt
import orjson
from jwt.utils import base64url_decode, base64url_encode

from wallet.clock import Clock, id_of, reference
from wallet.errors import Code, Refused

LIFETIME: Final = timedelta(minutes=10)
ALGORITHM: Final = "HS256"
ISSUER: Final = "kibubu"
LONGEST: Final = 2048

_HEADER: Final = jwt.encode({}, bytes(32), ALGORITHM).partition(".")[0] + "."
"""What every token of ours begins with: it names the algorithm."""
_CLAIMS: Final = frozenset({"iss", "sub", "roles", "iat", "exp"})


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
        if len(token) > LONGEST:
            raise Refused(Code.UNAUTHENTICATED)
        claims = self._plain_claims(token) or self._claims(token)
        holder_id = id_of(str(claims["sub"]))
        roles, expires = claims.get("roles"), claims["exp"]
        # 0 is the worker, who waits for nobody's approval: no token speaks for it.
        if not holder_id or not isinstance(roles, list) or not isinstance(expires, int):
            raise Refused(Code.UNAUTHENTICATED)
        if self._clock.now().timestamp() >= expires:
            raise Refused(Code.TOKEN_EXPIRED)
        return Caller(holder_id, frozenset(map(str, roles)))

    def _plain_claims(self, token: str) -> dict[str, Any] | None:
        """Return the claims of a token that is like those we make; nothing is said of others."""
        signed, _, signature = token.rpartition(".")
        if not signed.startswith(_HEADER):
            return None
        expected = base64url_encode(hmac.digest(self._key, signed.encode(), "sha256"))
        if not hmac.compare_digest(signature.encode(), expected):
            return None
        body = signed[len(_HEADER) :].encode()
        try:
            written = base64url_decode(body)
            claims = orjson.loads(written)
        except ValueError:
            return None
        is_plain = (
            base64url_encode(written) == body
            and isinstance(claims, dict)
            and claims.keys() == _CLAIMS
            and claims["iss"] == ISSUER
            and isinstance(claims["sub"], str)
            and isinstance(claims["exp"], int)
        )
        return claims if is_plain else None

    def _claims(self, token: str) -> dict[str, Any]:
        """Return the claims of any token that we signed, whatever else there may be in it."""
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
