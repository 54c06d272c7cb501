"""A merchant's terms as rows: versions, which one is in force, and how far a month is paid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from wallet.ledger.facts import Needs
from wallet.ledger.rows import WrittenRow, inserted, record, updated
from wallet.merchants.pricing import Priced, Pricing
from wallet.money import Money

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts


@record(
    "merchants m",
    join="LEFT JOIN pricings p ON p.id = m.pricing_id",
    lock=False,
    id="m.holder_id",
    due_at="m.monthly_due_at",
    paid_until="m.monthly_paid_until",
    joined={"pricing": Pricing.COLUMNS},
)
@dataclass(frozen=True, slots=True)
class PricedMerchant(Priced):
    """A merchant with the terms in force; `due_at` is when the monthly fee is next charged."""

    id: int
    due_at: datetime | None
    paid_until: datetime | None
    pricing: Pricing | None

    RANK: ClassVar[int] = 60  # after the merchant's `Terms`, whose lock guards it

    def needs(self) -> Needs:
        """The merchant, with all accounts."""
        return Needs(holders=(self.id,))

    @property
    def monthly_fee(self) -> Money | None:
        """What a month costs, where the terms have such a fee."""
        if self.pricing is None or self.pricing.monthly_fee_minor is None:
            return None
        return Money(self.pricing.currency, self.pricing.monthly_fee_minor)


@inserted(
    "pricings",
    "id, merchant_id, commission_bps, commission_min_minor, commission_max_minor, reserve_bps,"
    " reserve_days, monthly_fee_minor, commission_bps_paid, after_delivery_s, currency, set_at",
)
@dataclass(frozen=True, slots=True)
class NewPricing(WrittenRow):
    """A new version of somebody's terms."""

    RANK: ClassVar[int] = 3

    pricing: Pricing
    set_at: datetime


@updated(
    "merchants", key="holder_id", holder_id="merchant.id", pricing_id="pricing.id",
    monthly_due_at="due_at",
)  # fmt: skip
@dataclass(frozen=True, slots=True)
class MerchantPriced(WrittenRow):
    """Which version is in force, and when its monthly fee is first charged."""

    RANK: ClassVar[int] = 4

    merchant: PricedMerchant
    pricing: Pricing
    due_at: datetime | None

    def apply(self, facts: Facts) -> None:
        priced = replace(self.merchant, pricing=self.pricing, due_at=self.due_at)
        facts.add_record(priced)


@dataclass(frozen=True, slots=True)
class MonthlyDue:
    """When the fee is charged next, and how far it is paid; None: no further than before."""

    WRITE: ClassVar[str] = """
        UPDATE merchants m SET monthly_paid_until = coalesce(v.paid_until, m.monthly_paid_until),
                               monthly_due_at = v.due_at
          FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[])
               AS v (merchant_id, paid_until, due_at)
         WHERE m.holder_id = v.merchant_id
    """
    RANK: ClassVar[int] = 5

    merchant: PricedMerchant
    paid_until: datetime | None
    due_at: datetime

    @property
    def identity(self) -> int:
        return self.merchant.id

    def values(self) -> tuple[Any, ...]:
        return (self.merchant.id, self.paid_until, self.due_at)

    def apply(self, facts: Facts) -> None:
        paid_until = self.paid_until or self.merchant.paid_until
        moved = replace(self.merchant, due_at=self.due_at, paid_until=paid_until)
        facts.add_record(moved)
