"""What a merchant pays us on what is released to them, and what of it is kept back for a while.

Terms are versions that never change: a contract keeps those it was paid under. Commission is
reckoned on all that has been released of one payment so far, so the minimum and the maximum hold
for the payment, however many parts it is released in. They are amounts of the terms' own currency:
a payment in another one owes the basis points alone. Of a monthly fee it matters whether it is
paid when money is released, not when it was paid in.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from wallet.ledger.accounts import Account, Kind
from wallet.ledger.posting import Leg, NewAccount, Posting, Row
from wallet.ledger.rows import ReadRow, WrittenRow, inserted, selected
from wallet.money import Money

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts

_BPS: Final = 10_000


@selected("p", paid_until="m.monthly_paid_until")
@dataclass(frozen=True, slots=True)
class Pricing:
    """A merchant's terms. `paid_until`: till then the monthly fee is paid and lowers the rate."""

    id: int
    merchant_id: int
    commission_bps: int
    commission_min_minor: int
    commission_max_minor: int | None
    reserve_bps: int
    reserve_days: int
    monthly_fee_minor: int | None
    commission_bps_paid: int | None
    after_delivery_s: int | None
    currency: str  # of the minimum, the maximum and the monthly fee
    paid_until: datetime | None

    COLUMNS: ClassVar[str]
    """Of `pricings p` and `merchants m`."""

    @property
    def json(self) -> dict[str, Any]:
        """The terms as the API shows them."""

        def amount(minor: int | None) -> dict[str, str] | None:
            return None if minor is None else Money(self.currency, minor).json

        return {
            "commission_bps": self.commission_bps,
            "commission_min": amount(self.commission_min_minor),
            "commission_max": amount(self.commission_max_minor),
            "reserve_bps": self.reserve_bps,
            "reserve_days": self.reserve_days,
            "monthly_fee": amount(self.monthly_fee_minor),
            "commission_bps_paid": self.commission_bps_paid,
            "after_delivery_s": self.after_delivery_s,
        }

    @classmethod
    def from_columns(cls, columns: tuple[Any, ...]) -> Self | None:
        """Return the terms in a row's COLUMNS; None where the merchant has none, and pays none."""
        return None if columns[0] is None else cls(*columns)

    def bps_at(self, now: datetime) -> int:
        """Return the rate of a release now: the lower one while the monthly fee is paid."""
        is_paid = self.paid_until is not None and now < self.paid_until
        if is_paid and self.commission_bps_paid is not None:  # else the month was paid under others
            return self.commission_bps_paid
        return self.commission_bps

    def commission(self, released: Money, now: datetime) -> Money:
        """Return the commission on a payment of which so much has been released, rounded half up.

        Never more than what has been released.
        """
        share = (released.minor * self.bps_at(now) + _BPS // 2) // _BPS
        if released.currency == self.currency:
            share = max(share, self.commission_min_minor)
            share = min(share, self.most_minor(released.currency, share))
        return Money(released.currency, min(share, released.minor))

    def most_minor(self, currency: str, otherwise: int) -> int:
        """Return the greatest commission of one payment, or `otherwise` where there is none."""
        if self.commission_max_minor is None or currency != self.currency:
            return otherwise
        return self.commission_max_minor


_COLUMNS: Final = len(fields(Pricing))


class Priced(ReadRow):
    """A record whose last field is the terms of `Pricing`, or None."""

    __slots__ = ()

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return the record of one row of LOCK, whose last columns are those of the terms."""
        own = len(row) - _COLUMNS
        columns: tuple[Any, ...] = (*row[:own], Pricing.from_columns(row[own:]))
        return cls(*columns)


@inserted("reserves", currency="amount.currency", amount_minor="amount.minor")
@dataclass(frozen=True, slots=True)
class NewReserve(WrittenRow):
    """Money kept back of a release; the worker frees it when its days are over."""

    RANK: ClassVar[int] = 4

    id: int
    merchant_id: int
    amount: Money
    kept_at: datetime
    available_at: datetime


@dataclass(frozen=True, slots=True)
class Charges:
    """What is taken from a settlement account right after money was released to it."""

    commission: Money
    reserved: Money
    postings: tuple[Posting, ...] = ()
    rows: tuple[Row, ...] = ()

    @property
    def total(self) -> Money:
        return self.commission + self.reserved


def charges(
    pricing: Pricing | None,
    settlement: Account,
    before_minor: int,
    part: Money,
    facts: Facts,
    *,
    taken_minor: int = 0,
) -> Charges:
    """Return what a release of `part` costs.

    `before_minor` of its payment went before, of which `taken_minor` was taken as commission: at
    another rate, perhaps, where the monthly fee was paid in between.
    """
    nothing = Money(part.currency, 0)
    if pricing is None or not part.is_positive:
        return Charges(nothing, nothing)
    before = Money(part.currency, before_minor)
    due = pricing.commission(before + part, facts.now) - pricing.commission(before, facts.now)
    left_minor = pricing.most_minor(part.currency, taken_minor + due.minor) - taken_minor
    commission = Money(part.currency, min(due.minor, max(left_minor, 0)))
    assert 0 <= commission.minor <= part.minor, (pricing, before, part)
    kept = Money(part.currency, (part.minor - commission.minor) * pricing.reserve_bps // _BPS)
    postings: list[Posting] = []
    rows: list[Row] = []
    if commission.is_positive:
        earned = facts.operator(Kind.COMMISSIONS, part.currency)
        legs = (Leg(settlement, -commission), Leg(earned, commission))
        postings.append(Posting("commission", legs, pricing.merchant_id))
    if kept.is_positive:
        reserve = facts.account(pricing.merchant_id, Kind.RESERVE, part.currency)
        if reserve is None:
            reserve = Account(facts.new_id(), pricing.merchant_id, Kind.RESERVE, part.currency)
            rows.append(NewAccount(reserve, facts.now))
        legs = (Leg(settlement, -kept), Leg(reserve, kept))
        postings.append(Posting("reserve", legs, pricing.merchant_id, pricing.merchant_id))
        free_at = facts.now + timedelta(days=pricing.reserve_days)
        rows.append(NewReserve(facts.new_id(), pricing.merchant_id, kept, facts.now, free_at))
    return Charges(commission, kept, tuple(postings), tuple(rows))
