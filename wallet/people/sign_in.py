"""Signing in begins with a one-time code by SMS, which proves that a phone is at hand.

A code is asked for in the same way, and answered in the same way, whether or not the number is
registered: nobody learns here who has a wallet. What is stored is a keyed MAC. Everything that
limits guessing is counted in Postgres, in the code's own row.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, Engine, text

from wallet.errors import Code, Refused

LIFETIME: Final = timedelta(minutes=5)
ATTEMPTS: Final = 5
CODES: Final = 5
WINDOW: Final = timedelta(hours=1)
DIGITS: Final = 6

# Codes asked for at once by one number are counted one after the other. The first number is any.
LOCK_NUMBER: Final = text("SELECT pg_advisory_xact_lock(7307, hashtext(:msisdn))")
COUNT_CODES: Final = text("""
    SELECT count(*), min(expires_at)
      FROM sign_ins   -- index sign_ins_of_msisdn
     WHERE msisdn = :msisdn AND expires_at > :since
""")
INSERT_SIGN_IN: Final = text("""
    INSERT INTO sign_ins (id, msisdn, code_mac, expires_at)
    VALUES (:id, :msisdn, :code_mac, :expires_at)
""")
LOCK_SIGN_IN: Final = text("""
    SELECT msisdn, code_mac, attempts, expires_at, used_at FROM sign_ins WHERE id = :id FOR UPDATE
""")
COUNT_ATTEMPT: Final = text("UPDATE sign_ins SET attempts = attempts + 1 WHERE id = :id")
USE_SIGN_IN: Final = text("""
    UPDATE sign_ins SET used_at = :now WHERE id = :id AND used_at IS NULL
""")


@dataclass(frozen=True, slots=True)
class SignIn:
    """A code is on its way to `msisdn`."""

    id: int
    msisdn: str
    code: str
    expires_at: datetime


def draw_code(below: Callable[[int], int] = secrets.randbelow) -> str:
    """Return six digits by chance."""
    return f"{below(10**DIGITS):0{DIGITS}d}"


def ask(connection: Connection, sign_in: SignIn, *, key: bytes, now: datetime) -> None:
    """Store a new code; the caller texts it in the same transaction.

    Raises `Refused` with `rate_limit_error` (with `retry_after_s`) after `CODES` in a `WINDOW`.
    """
    connection.execute(LOCK_NUMBER, {"msisdn": sign_in.msisdn})
    since = now - WINDOW + LIFETIME  # a code expires LIFETIME after it was asked for
    found = {"msisdn": sign_in.msisdn, "since": since}
    count, first_expires_at = connection.execute(COUNT_CODES, found).one()
    if count >= CODES:
        wait = first_expires_at - since
        raise Refused(Code.RATE_LIMIT_ERROR, retry_after_s=int(wait.total_seconds()) + 1)
    row = {
        "id": sign_in.id,
        "msisdn": sign_in.msisdn,
        "code_mac": _mac(key, sign_in.id, sign_in.msisdn, sign_in.code),
        "expires_at": sign_in.expires_at,
    }
    connection.execute(INSERT_SIGN_IN, row)


def check(
    engine: Engine, id_: int, code: str, *, key: bytes, now: datetime, msisdn: str | None = None
) -> str:
    """Return whose number the right code proves; `msisdn`, where given, must be that number.

    Raises `Refused` with `sign_in_expired` (also for a sign-in that never was, is used, or was
    guessed at too often) or `sign_in_code_wrong` (with `attempts_left`). A wrong attempt counts.
    """
    with engine.begin() as connection:
        row = connection.execute(LOCK_SIGN_IN, {"id": id_}).one_or_none()
        if row is None or row.used_at or now >= row.expires_at or row.attempts >= ATTEMPTS:
            raise Refused(Code.SIGN_IN_EXPIRED)
        is_right = hmac.compare_digest(row.code_mac, _mac(key, id_, row.msisdn, code))
        if is_right and msisdn in {None, row.msisdn}:
            return str(row.msisdn)
        connection.execute(COUNT_ATTEMPT, {"id": id_})
    raise Refused(Code.SIGN_IN_CODE_WRONG, attempts_left=ATTEMPTS - row.attempts - 1)


def use(connection: Connection, id_: int, now: datetime) -> None:
    """Let a code be good no more. Raises `Refused` where another has been quicker."""
    if connection.execute(USE_SIGN_IN, {"id": id_, "now": now}).rowcount == 0:
        raise Refused(Code.SIGN_IN_EXPIRED)


def _mac(key: bytes, id_: int, msisdn: str, code: str) -> bytes:
    """Of the number too: a row whose number was changed by hand proves no other phone."""
    message = b"sign-in code|%d|%s|%s" % (id_, msisdn.encode(), code.encode())
    return hmac.digest(key, message, sha256)
