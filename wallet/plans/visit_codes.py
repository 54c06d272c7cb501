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
from typing import TYPE_CHECKING, ClassVar, Final, Self
from uuid import UUID

from wallet.errors import Code, Refused
from wallet.ledger.rows import ReadRow, WrittenRow, inserted, record

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts

CODE_LIFETIME: Final = timedelta(minutes=10)
CODE_TRIES: Final = 5
CODE_DIGITS: Final = 6
_LABEL: Final = b"kibubu visit codes 1"


@record("visit_codes", id="contract_id")
@inserted("visit_codes", key="contract_id", replaces=True, contract_id="id")
@dataclass(frozen=True, slots=True)
class VisitCode(ReadRow, WrittenRow):
    """The code that a contract's payer asked for last; its row, as it is and as it shall be."""

    id: int  # the contract's
    code_mac: bytes
    wrong_tries: int
    asked_at: datetime
    expires_at: datetime
    used_at: datetime | None

    RANK: ClassVar[int] = 100  # as a record; as a row after everything a contract's act writes

    def apply(self, facts: Facts) -> None:
        facts.add_record(self)

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
