"""Batches of payouts as rows: what an operator decides about, and what they see."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final

from sqlalchemy import Engine

from wallet.clock import reference
from wallet.database import read
from wallet.ledger.entries import LONGEST_PAGE, cursor_id
from wallet.ledger.rows import ReadRow, WrittenRow, record, updated
from wallet.money import Money

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts

STATES: Final = ("waiting_approval", "released", "sent", "declined")

READ_EXCEPTIONS: Final = """
    SELECT s.payout_id, p.merchant_id, p.currency, p.amount_minor, p.state, s.said, s.reason,
           s.heard_at
      FROM payout_surprises s   -- index payout_surprises_by_time
      JOIN payouts p ON p.id = s.payout_id
     ORDER BY s.heard_at DESC
     LIMIT :limit
"""


@record("payout_batches")
@dataclass(frozen=True, slots=True)
class PayoutBatch(ReadRow):
    """A batch as one batch of the poster's, or an operator, sees it."""

    id: int
    kind: str
    market: str
    currency: str
    payout_count: int
    total_minor: int
    state: str
    next_at: datetime  # while it waits: when it goes back
    file: str = ""
    made_at: datetime | None = None
    decided_at: datetime | None = None
    sent_at: datetime | None = None

    RANK: ClassVar[int] = 180

    @property
    def total(self) -> Money:
        return Money(self.currency, self.total_minor)

    @property
    def lapses_at(self) -> datetime | None:
        """When it goes back, where nobody releases it."""
        return self.next_at if self.state == "waiting_approval" else None


READ_BATCHES: Final = f"""
    SELECT {PayoutBatch.COLUMNS} FROM payout_batches
     WHERE id < :before AND (:state = '' OR state = :state)
     ORDER BY id DESC
     LIMIT :limit
"""

READ_BATCH: Final = f"""
    SELECT {PayoutBatch.COLUMNS} FROM payout_batches WHERE id = :batch
"""


@updated("payout_batches", "state, decided_by", decided_at="now", next_at="now")
@dataclass(frozen=True, slots=True)
class BatchDecided(WrittenRow):
    """Operators have released a batch, or one has declined it."""

    RANK: ClassVar[int] = 6

    batch: PayoutBatch
    state: str
    decided_by: int
    now: datetime

    def apply(self, facts: Facts) -> None:
        facts.add_record(replace(self.batch, state=self.state))


@dataclass(frozen=True, slots=True)
class Batches:
    """A page, newest first; `next_cursor` asks for the older ones, None at the end."""

    items: tuple[PayoutBatch, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class PayoutException:
    """A rail's second word on a payout, against its first, which stands."""

    payout_id: int
    merchant_id: int
    amount: Money
    booked: str
    said: str
    reason: str | None
    heard_at: datetime


def batches(
    engine: Engine, *, state: str | None = None, before: str | None = None, limit: int = 50
) -> Batches:
    """Return batches, newest first."""
    assert 0 < limit <= LONGEST_PAGE, limit
    rows = read(engine, READ_BATCHES, state=state or "", before=cursor_id(before), limit=limit + 1)
    items = tuple(PayoutBatch(*row) for row in rows[:limit])
    return Batches(items, reference(items[-1].id) if len(rows) > limit else None)


def batch_of(engine: Engine, batch_id: int) -> PayoutBatch | None:
    """Return one batch."""
    rows = read(engine, READ_BATCH, batch=batch_id)
    return PayoutBatch(*rows[0]) if rows else None


def payout_exceptions(engine: Engine, limit: int = LONGEST_PAGE) -> tuple[PayoutException, ...]:
    """Return what rails took back, the latest first."""
    return tuple(
        PayoutException(id_, merchant_id, Money(currency, minor), *said)
        for id_, merchant_id, currency, minor, *said in read(engine, READ_EXCEPTIONS, limit=limit)
    )
