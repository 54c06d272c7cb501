"""A list as the ledger locks and changes it. Amounts in minor units of its currency."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from wallet.ledger.facts import Needs
from wallet.money import Money

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts


@dataclass(frozen=True, slots=True)
class Bulk:
    """A list: its terms, which are fixed, and how far it is."""

    id: int
    holder_id: int
    source_kind: str
    title: str | None
    currency: str
    state: str
    row_count: int
    amount_minor: int
    fee_minor: int
    bad_rows: int
    posting_id: int | None
    source_account_id: int | None
    done_rows: int
    paid_rows: int
    paid_minor: int
    held_rows: int
    held_minor: int
    refused_rows: int
    refused_minor: int
    fee_taken_minor: int
    uploaded_at: datetime
    confirmed_at: datetime | None
    done_at: datetime | None

    COLUMNS: ClassVar[str] = """b.id, b.holder_id, b.source_kind, b.title, b.currency, b.state,
        b.row_count, b.amount_minor, b.fee_minor, b.bad_rows, b.posting_id, b.source_account_id,
        b.done_rows, b.paid_rows, b.paid_minor, b.held_rows, b.held_minor, b.refused_rows,
        b.refused_minor, b.fee_taken_minor, b.uploaded_at, b.confirmed_at, b.done_at"""
    LOCK: ClassVar[str] = f"""
        SELECT {COLUMNS} FROM bulks b WHERE b.id = ANY(%(ids)s::bigint[])
         ORDER BY b.id
           FOR NO KEY UPDATE
    """
    RANK: ClassVar[int] = 12  # of its own: no command locks a list and anything else but holders

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return the list of one row of LOCK."""
        return cls(*row)

    def needs(self) -> Needs:
        """Who pays, with the accounts it is paid from."""
        return Needs(holders=(self.holder_id,))

    @property
    def amount(self) -> Money:
        return Money(self.currency, self.amount_minor)

    @property
    def fee(self) -> Money:
        return Money(self.currency, self.fee_minor)

    @property
    def returned_minor(self) -> int:
        """What came back at its end: refused rows, with their fees."""
        if self.state != "done":
            return 0
        spent = self.paid_minor + self.held_minor + self.fee_taken_minor
        return self.amount_minor + self.fee_minor - spent


@dataclass(frozen=True, slots=True)
class BulkConfirmed:
    """A list's money has been set aside for it; from now on a worker pays it."""

    WRITE: ClassVar[str] = """
        UPDATE bulks b
           SET state = 'posting', posting_id = v.posting_id, next_at = v.now,
               source_account_id = v.source_account_id, confirmed_at = v.now
          FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[])
               AS v (id, posting_id, source_account_id, now)
         WHERE b.id = v.id
    """
    RANK: ClassVar[int] = 12

    bulk: Bulk
    posting_id: int
    source_account_id: int
    now: datetime

    @property
    def identity(self) -> int:
        return self.bulk.id

    def values(self) -> tuple[Any, ...]:
        return (self.bulk.id, self.posting_id, self.source_account_id, self.now)

    def apply(self, facts: Facts) -> None:
        facts.records[(Bulk, self.bulk.id)] = replace(self.bulk, state="posting")
