"""Reserves: parts of what was released to a merchant, each kept back until its day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from wallet.ledger.facts import Needs
from wallet.ledger.rows import ReadRow, WrittenRow, record, updated
from wallet.money import Money

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts


@record("reserves")
@dataclass(frozen=True, slots=True)
class Reserve(ReadRow):
    """A reserve as one batch sees it."""

    id: int
    merchant_id: int
    currency: str
    amount_minor: int
    kept_at: datetime
    available_at: datetime
    freed_at: datetime | None

    RANK: ClassVar[int] = 70

    def needs(self) -> Needs:
        """The merchant, with all accounts."""
        return Needs(holders=(self.merchant_id,))

    @property
    def amount(self) -> Money:
        return Money(self.currency, self.amount_minor)


@updated("reserves", "freed_at")
@dataclass(frozen=True, slots=True)
class ReserveFreed(WrittenRow):
    """Its days were over."""

    RANK: ClassVar[int] = 5

    reserve: Reserve
    freed_at: datetime

    def apply(self, facts: Facts) -> None:
        freed = replace(self.reserve, freed_at=self.freed_at)
        facts.add_record(freed)
