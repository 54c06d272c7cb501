"""Payouts as rows: what a merchant is owed, on its way to them.

A payout keeps its destination as it was when it was asked for: what changes later does not touch
it. Nor does a second final word: the first one stands, the database holds to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from wallet.destinations.records import Destination
from wallet.ledger.facts import Needs
from wallet.ledger.rows import WrittenRow, updated
from wallet.money import Money
from wallet.people.one_time import CodeMac

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts

CASH_CODE: Final = "payout in cash"
"""What the code of a payout in cash is kept for."""


@dataclass(frozen=True, slots=True)
class Payout:
    """A payout as one batch sees it. `is_scheduled`: a schedule of its merchant's is running."""

    id: int
    merchant_id: int
    currency: str
    amount_minor: int
    fee_minor: int
    state: str
    destination: Destination
    destination_id: int = 0
    code: CodeMac | None = None
    code_attempts: int = 0
    expires_at: datetime | None = None
    next_at: datetime | None = None  # while it is only requested: when it goes back
    batch_id: int | None = None
    batch_state: str | None = None
    is_scheduled: bool = False

    # Of a row that was waited for, only the payout's own columns are fresh; a batch that is seen
    # to be declined is declined for good.
    LOCK: ClassVar[str] = """
        SELECT p.id, p.merchant_id, p.currency, p.amount_minor, p.fee_minor, p.state, p.bank_code,
               p.account, p.account_name, p.kind, p.destination_id, p.code_kid, p.code_mac,
               p.code_attempts, p.expires_at, p.next_at, p.batch_id, b.state,
               coalesce(s.every <> 'on_demand' AND s.paused_at IS NULL, false)
          FROM payouts p
          LEFT JOIN payout_batches b ON b.id = p.batch_id
          LEFT JOIN payout_schedules s
            ON s.merchant_id = p.merchant_id AND s.currency = p.currency
         WHERE p.id = ANY(%(ids)s)
         ORDER BY p.id
           FOR NO KEY UPDATE OF p
    """
    RANK: ClassVar[int] = 50

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return the payout of one row of LOCK."""
        id_, merchant_id, currency, amount_minor, fee_minor, state, *where = row[:10]
        kept = None if row[11] is None else CodeMac(row[11], row[12])
        return cls(
            id_, merchant_id, currency, amount_minor, fee_minor, state, Destination(*where),
            row[10], kept, *row[13:],
        )  # fmt: skip

    def needs(self) -> Needs:
        """The merchant."""
        return Needs(holders=(self.merchant_id,))

    @property
    def amount(self) -> Money:
        return Money(self.currency, self.amount_minor)

    @property
    def fee(self) -> Money:
        return Money(self.currency, self.fee_minor)


@dataclass(frozen=True, slots=True)
class NewPayout:
    """A payout asked for. One to the own wallet is paid already."""

    WRITE: ClassVar[str] = """
        INSERT INTO payouts (id, merchant_id, currency, amount_minor, fee_minor, state,
                             destination_id, bank_code, account, account_name, kind, code_kid,
                             code_mac, expires_at, next_at, requested_at, settled_at)
        SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[],
                             %s::text[], %s::bigint[], %s::text[], %s::text[], %s::text[],
                             %s::text[], %s::text[], %s::bytea[], %s::timestamptz[],
                             %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
    """
    RANK: ClassVar[int] = 4

    payout: Payout
    requested_at: datetime

    @property
    def identity(self) -> int:
        return self.payout.id

    def values(self) -> tuple[Any, ...]:
        payout, where = self.payout, self.payout.destination
        code = (None, None) if payout.code is None else (payout.code.kid, payout.code.mac)
        settled_at = self.requested_at if payout.state == "paid" else None
        return (
            payout.id, payout.merchant_id, payout.currency, payout.amount_minor, payout.fee_minor,
            payout.state, payout.destination_id, where.bank_code, where.account, where.name,
            where.kind, *code, payout.expires_at, payout.next_at or self.requested_at,
            self.requested_at, settled_at,
        )  # fmt: skip

    def apply(self, facts: Facts) -> None:
        facts.add_record(self.payout)


@updated("payouts", "state, settled_at, failure, collected_by")
@dataclass(frozen=True, slots=True)
class PayoutSettled(WrittenRow):
    """What was said at last: paid, or failed with a reason. Cash was paid by an agent."""

    RANK: ClassVar[int] = 4

    payout: Payout
    settled_at: datetime
    failure: str | None
    collected_by: int | None = None

    def apply(self, facts: Facts) -> None:
        facts.add_record(self.payout)


@updated("payouts", "code_attempts, expires_at")
@dataclass(frozen=True, slots=True)
class CodeGuessed(WrittenRow):
    """A wrong code was tried; at the last attempt the payout expires at once."""

    RANK: ClassVar[int] = 3  # before it is settled

    payout: Payout

    def apply(self, facts: Facts) -> None:
        facts.add_record(self.payout)


@updated("payout_schedules", key="merchant_id, currency")
@dataclass(frozen=True, slots=True)
class SchedulePaused(WrittenRow):
    """A payout has failed: the merchant must see to it before the schedule goes on."""

    RANK: ClassVar[int] = 5

    merchant_id: int
    currency: str
    paused_at: datetime
