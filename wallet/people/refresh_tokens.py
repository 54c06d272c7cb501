"""Refresh tokens: random, sealed, stored as a hash, good for 30 days and for one use.

The seal is a MAC of whose token it is, under a key outside the database: a row that was made or
changed by hand signs nobody in.

Each use makes the next one of the same family. When one that was used comes again, somebody has
copied it: the whole family is revoked, and both of them have to sign in again.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, text

from wallet.errors import Code

LIFETIME: Final = timedelta(days=30)
_BYTES: Final = 32

INSERT_TOKEN: Final = text("""
    INSERT INTO refresh_tokens (token_hash, family_id, holder_id, expires_at)
    VALUES (:hash, :family_id, :holder_id, :expires_at)
""")
# The family is locked before the token is read, so that no member is born while it is revoked.
# A lock of its own kind: sign-in ids are large, other advisory locks here are small or pairs.
LOCK_FAMILY: Final = text("""
    SELECT pg_advisory_xact_lock(family_id) FROM refresh_tokens WHERE token_hash = :hash
""")
READ_TOKEN: Final = text("""
    SELECT family_id, holder_id, expires_at, used_at, revoked_at
      FROM refresh_tokens WHERE token_hash = :hash
""")
USE_TOKEN: Final = text("UPDATE refresh_tokens SET used_at = :now WHERE token_hash = :hash")
REVOKE_FAMILY: Final = text("""
    UPDATE refresh_tokens SET revoked_at = :now
     WHERE family_id = :family_id AND revoked_at IS NULL
""")


@dataclass(frozen=True, slots=True)
class Rotated:
    """What came of a refresh: the next token, or why there is none (committed all the same)."""

    holder_id: int = 0
    token: str = ""
    refusal: Code | None = None


def issue(
    connection: Connection, holder_id: int, family_id: int, now: datetime, *, key: bytes
) -> str:
    """Return the next token of a family, sealed under `key`."""
    drawn = secrets.token_urlsafe(_BYTES)
    token = f"{drawn}.{_seal(key, holder_id, drawn)}"
    row = {"hash": _hash(token), "family_id": family_id, "holder_id": holder_id}
    connection.execute(INSERT_TOKEN, {**row, "expires_at": now + LIFETIME})
    return token


def rotate(connection: Connection, token: str, now: datetime, *, key: bytes) -> Rotated:
    """Use a token up and return the next.

    Refusals are returned, not raised: the revocation of a family must be committed.
    """
    found = {"hash": _hash(token)}
    connection.execute(LOCK_FAMILY, found)
    row = connection.execute(READ_TOKEN, found).one_or_none()
    if row is None or not _is_sealed(key, row.holder_id, token):
        return Rotated(refusal=Code.UNAUTHENTICATED)
    if row.used_at is not None:
        connection.execute(REVOKE_FAMILY, {"family_id": row.family_id, "now": now})
        return Rotated(refusal=Code.REFRESH_TOKEN_REUSED)
    if row.revoked_at is not None:
        return Rotated(refusal=Code.UNAUTHENTICATED)
    if now >= row.expires_at:
        return Rotated(refusal=Code.TOKEN_EXPIRED)
    connection.execute(USE_TOKEN, {**found, "now": now})
    return Rotated(row.holder_id, issue(connection, row.holder_id, row.family_id, now, key=key))


def revoke(connection: Connection, token: str, now: datetime) -> None:
    """Sign out: revoke the token's family. A token that never was is no error."""
    found = {"hash": _hash(token)}
    connection.execute(LOCK_FAMILY, found)
    row = connection.execute(READ_TOKEN, found).one_or_none()
    if row is not None:
        connection.execute(REVOKE_FAMILY, {"family_id": row.family_id, "now": now})


def _seal(key: bytes, holder_id: int, drawn: str) -> str:
    seal = hmac.digest(key, b"refresh token|%d|%s" % (holder_id, drawn.encode()), sha256)
    return urlsafe_b64encode(seal).rstrip(b"=").decode()


def _is_sealed(key: bytes, holder_id: int, token: str) -> bool:
    drawn, _, seal = token.rpartition(".")
    return hmac.compare_digest(seal.encode(), _seal(key, holder_id, drawn).encode())


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
