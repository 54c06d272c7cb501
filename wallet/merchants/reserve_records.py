"""Reserves: parts of what was released to a merchant, each kept back until its day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from wallet.ledger.facts import Needs
from wallet.money import Money

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts


@dataclass(frozen=True, slots=True)
class Reserve:
    """A reserve as one batch sees it."""

    id: int
    merchant_id: int
    currency: str
    amount_minor: int
    kept_at: datetime
    available_at: datetime
    freed_at: datetime | None

    LOCK: ClassVar[str] = """
        SELECT id, merchant_id, currency, amount_minor, kept_at, available_at, freed_at
          FROM reserves
         WHERE id = ANY(%(ids)s::bigint[])
         ORDER BY id
           FOR NO KEY UPDATE
    """
    RANK: ClassVar[int] = 6

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return the reserve of one row of LOCK."""
        return cls(*row)

    def needs(self) -> Needs:
        """The merchant, with all accounts."""
        return Needs(holders=(self.merchant_id,))

    @property
    def amount(self) -> Money:
        return Money(self.currency, self.amount_minor)


@dataclass(frozen=True, slots=True)
class ReserveFreed:
    """Its days were over."""

    WRITE: ClassVar[str] = """
        UPDATE reserves r SET freed_at = v.freed_at
          FROM unnest(%s::bigint[], %s::timestamptz[]) AS v (id, freed_at)
         WHERE r.id = v.id
    """
    RANK: ClassVar[int] = 5

    reserve: Reserve
    freed_at: datetime

    @property
    def identity(self) -> int:
        return self.reserve.id

    def values(self) -> tuple[Any, ...]:
        return (self.reserve.id, self.freed_at)

    def apply(self, facts: Facts) -> None:
        freed = replace(self.reserve, freed_at=self.freed_at)
        facts.records[(Reserve, self.reserve.id)] = freed
