"""A quote as the ledger sees it: both amounts fixed, accepted once, before it expires."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from wallet.ledger.facts import Needs
from wallet.ledger.rows import ReadRow, WrittenRow, record, updated
from wallet.money import Money

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts


@record("quotes")
@dataclass(frozen=True, slots=True)
class Quote(ReadRow):
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
    freed_at: datetime | None  # since when others may have what it promised

    RANK: ClassVar[int] = 30

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


@updated("quotes", "accepted_at")
@dataclass(frozen=True, slots=True)
class QuoteAccepted(WrittenRow):
    """The quote's one use."""

    RANK: ClassVar[int] = 4

    quote: Quote
    accepted_at: datetime

    def apply(self, facts: Facts) -> None:
        used = replace(self.quote, accepted_at=self.accepted_at)
        facts.add_record(used)
