"""A merchant's terms as rows: versions, which one is in force, and how far a month is paid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from wallet.ledger.facts import Needs
from wallet.merchants.pricing import Pricing
from wallet.money import Money

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts


@dataclass(frozen=True, slots=True)
class PricedMerchant:
    """A merchant with the terms in force; `due_at` is when the monthly fee is next charged."""

    id: int
    due_at: datetime | None
    paid_until: datetime | None
    pricing: Pricing | None

    LOCK: ClassVar[str] = f"""
        SELECT m.holder_id, m.monthly_due_at, m.monthly_paid_until, {Pricing.COLUMNS}
          FROM merchants m
          LEFT JOIN pricings p ON p.id = m.pricing_id
         WHERE m.holder_id = ANY(%(ids)s::bigint[])
         ORDER BY m.holder_id
           FOR NO KEY UPDATE OF m
    """
    RANK: ClassVar[int] = 5

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return the merchant of one row of LOCK."""
        id_, due_at, paid_until, *terms = row
        return cls(id_, due_at, paid_until, Pricing.from_columns(tuple(terms)))

    def needs(self) -> Needs:
        """The merchant, with all accounts."""
        return Needs(holders=(self.id,))

    @property
    def monthly_fee(self) -> Money | None:
        """What a month costs, where the terms have such a fee."""
        if self.pricing is None or self.pricing.monthly_fee_minor is None:
            return None
        return Money(self.pricing.currency, self.pricing.monthly_fee_minor)


@dataclass(frozen=True, slots=True)
class NewPricing:
    """A new version of somebody's terms."""

    WRITE: ClassVar[str] = """
        INSERT INTO pricings (id, merchant_id, commission_bps, commission_min_minor,
                              commission_max_minor, reserve_bps, reserve_days, monthly_fee_minor,
                              commission_bps_paid, after_delivery_s, currency, set_at)
        SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::bigint[], %s::bigint[],
                             %s::int[], %s::int[], %s::bigint[], %s::int[], %s::bigint[],
                             %s::text[], %s::timestamptz[])
    """
    RANK: ClassVar[int] = 3

    pricing: Pricing
    set_at: datetime

    @property
    def identity(self) -> int:
        return self.pricing.id

    def values(self) -> tuple[Any, ...]:
        terms = self.pricing
        return (
            terms.id,
            terms.merchant_id,
            terms.commission_bps,
            terms.commission_min_minor,
            terms.commission_max_minor,
            terms.reserve_bps,
            terms.reserve_days,
            terms.monthly_fee_minor,
            terms.commission_bps_paid,
            terms.after_delivery_s,
            terms.currency,
            self.set_at,
        )

    def apply(self, facts: Facts) -> None:
        """Who it is for is told by `MerchantPriced`."""


@dataclass(frozen=True, slots=True)
class MerchantPriced:
    """Which version is in force, and when its monthly fee is first charged."""

    WRITE: ClassVar[str] = """
        UPDATE merchants m SET pricing_id = v.pricing_id, monthly_due_at = v.due_at
          FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[])
               AS v (merchant_id, pricing_id, due_at)
         WHERE m.holder_id = v.merchant_id
    """
    RANK: ClassVar[int] = 4

    merchant: PricedMerchant
    pricing: Pricing
    due_at: datetime | None

    @property
    def identity(self) -> int:
        return self.merchant.id

    def values(self) -> tuple[Any, ...]:
        return (self.merchant.id, self.pricing.id, self.due_at)

    def apply(self, facts: Facts) -> None:
        priced = replace(self.merchant, pricing=self.pricing, due_at=self.due_at)
        facts.records[(PricedMerchant, self.merchant.id)] = priced


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
        facts.records[(PricedMerchant, self.merchant.id)] = moved
