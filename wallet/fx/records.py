"""A quote as the ledger sees it: both amounts fixed, accepted once, before it expires."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Self

from wallet.ledger.facts import Needs
from wallet.money import Money

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts


@dataclass(frozen=True, slots=True)
class Quote:
    """Amounts in minor units. `rate` is target for one of source, as the customer gets it."""

    id: int
    partner_id: int
    maker_id: int
    receiver_id: int
    source_currency: str
    source_minor: int
    fee_minor: int
    margin_minor: int
    target_currency: str
    target_minor: int
    rate: Decimal
    quoted_at: datetime
    expires_at: datetime
    accepted_at: datetime | None

    LOCK: ClassVar[str] = """
        SELECT id, partner_id, maker_id, receiver_id, source_currency, source_minor, fee_minor,
               margin_minor, target_currency, target_minor, rate, quoted_at, expires_at, accepted_at
          FROM quotes
         WHERE id = ANY(%(ids)s)
         ORDER BY id
           FOR NO KEY UPDATE
    """
    RANK: ClassVar[int] = 2

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return the quote of one row of LOCK."""
        return cls(*row)

    def needs(self) -> Needs:
        """Partner, maker and receiver."""
        return Needs(holders=(self.partner_id, self.maker_id, self.receiver_id))

    @property
    def source(self) -> Money:
        return Money(self.source_currency, self.source_minor)

    @property
    def fee(self) -> Money:
        return Money(self.source_currency, self.fee_minor)

    @property
    def margin(self) -> Money:
        return Money(self.source_currency, self.margin_minor)

    @property
    def target(self) -> Money:
        return Money(self.target_currency, self.target_minor)


@dataclass(frozen=True, slots=True)
class QuoteAccepted:
    """The quote's one use."""

    WRITE: ClassVar[str] = """
        UPDATE quotes q SET accepted_at = v.accepted_at
          FROM unnest(%s::bigint[], %s::timestamptz[]) AS v (id, accepted_at)
         WHERE q.id = v.id
    """
    RANK: ClassVar[int] = 4

    quote: Quote
    accepted_at: datetime

    @property
    def identity(self) -> int:
        return self.quote.id

    def values(self) -> tuple[Any, ...]:
        return (self.quote.id, self.accepted_at)

    def apply(self, facts: Facts) -> None:
        used = replace(self.quote, accepted_at=self.accepted_at)
        facts.records[(Quote, self.quote.id)] = used
