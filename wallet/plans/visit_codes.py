"""Visit codes: six digits by which a plan's payer confirms one visit, handed to the merchant.

A code is good once, for ten minutes and five tries, until its payer asks for another. It follows
from the payer's idempotency key and our secret, so that asking again tells the same; what is
stored is a keyed MAC.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self
from uuid import UUID

from wallet.errors import Code, Refused
from wallet.ledger.facts import Needs

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts

CODE_LIFETIME: Final = timedelta(minutes=10)
CODE_TRIES: Final = 5
CODE_DIGITS: Final = 6
_LABEL: Final = b"kibubu visit codes 1"


@dataclass(frozen=True, slots=True)
class VisitCode:
    """The code that a contract's payer asked for last; its row, as it is and as it shall be."""

    id: int  # the contract's
    code_mac: bytes
    wrong_tries: int
    asked_at: datetime
    expires_at: datetime
    used_at: datetime | None

    LOCK: ClassVar[str] = """
        SELECT contract_id, code_mac, wrong_tries, asked_at, expires_at, used_at
          FROM visit_codes
         WHERE contract_id = ANY(%(ids)s)
         ORDER BY contract_id
           FOR NO KEY UPDATE
    """
    WRITE: ClassVar[str] = """
        INSERT INTO visit_codes (contract_id, code_mac, wrong_tries, asked_at, expires_at, used_at)
        SELECT * FROM unnest(%s::bigint[], %s::bytea[], %s::smallint[], %s::timestamptz[],
                             %s::timestamptz[], %s::timestamptz[])
            ON CONFLICT (contract_id) DO UPDATE
           SET code_mac = excluded.code_mac, wrong_tries = excluded.wrong_tries,
               asked_at = excluded.asked_at, expires_at = excluded.expires_at,
               used_at = excluded.used_at
    """
    RANK: ClassVar[int] = 8  # as a record; as a row after everything a contract's act writes

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return the code of one row of LOCK."""
        return cls(*row)

    def needs(self) -> Needs:
        """Nothing that its contract does not bring."""
        return Needs()

    @property
    def identity(self) -> int:
        return self.id

    def values(self) -> tuple[Any, ...]:
        times = (self.asked_at, self.expires_at, self.used_at)
        return (self.id, self.code_mac, self.wrong_tries, *times)

    def apply(self, facts: Facts) -> None:
        facts.records[(VisitCode, self.id)] = self

    def used(self, code_mac: bytes, now: datetime) -> Self:
        """Return the row after its one use.

        Raises `Refused` with `visit_code_expired` (also for one that was used, or guessed at too
        often) or `visit_code_wrong` (with `attempts_left`); a wrong try counts.
        """
        if self.used_at or now >= self.expires_at or self.wrong_tries >= CODE_TRIES:
            raise Refused(Code.VISIT_CODE_EXPIRED)
        if hmac.compare_digest(self.code_mac, code_mac):
            return replace(self, used_at=now)
        tried = replace(self, wrong_tries=self.wrong_tries + 1)
        left = CODE_TRIES - tried.wrong_tries
        raise Refused(Code.VISIT_CODE_WRONG, rows=(tried,), attempts_left=left)


def visit_code(secret: bytes, actor: int, key: UUID) -> str:
    """Return the six digits that a payer's command of this key asks for.

    They follow from the key, so that asking again tells the same code, which is stored nowhere.
    """
    digest = hmac.digest(_key(secret), b"code|%d|%s" % (actor, key.bytes), sha256)
    return f"{int.from_bytes(digest[:8]) % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def code_mac(secret: bytes, contract_id: int, code: str) -> bytes:
    """Return what is stored of a code."""
    return hmac.digest(_key(secret), b"mac|%d|%s" % (contract_id, code.encode()), sha256)


def _key(secret: bytes) -> bytes:
    return hmac.digest(secret, _LABEL, sha256)
