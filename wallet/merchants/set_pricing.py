"""Set pricing: the operator sets what a merchant pays, from now on.

Terms are a new version each time: a contract keeps those it was paid under, so nothing that was
promised changes. A monthly fee is first charged when the merchant's next local month begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from wallet.clock import reference, start_of_next_month
from wallet.errors import Code, Refused
from wallet.ledger.accounts import Kind
from wallet.ledger.facts import Facts, Holder, Needs
from wallet.ledger.posting import Decision, Posting, Text
from wallet.merchants.pricing import Pricing
from wallet.merchants.pricing_records import MerchantPriced, NewPricing, PricedMerchant
from wallet.merchants.records import MerchantLock
from wallet.money import Money
from wallet.people.parties import party

MOST_BPS: Final = 10_000
MOST_DAYS: Final = 365
SHORTEST_AFTER_DELIVERY_S: Final = 3_600
"""The proof is the merchant's own word: with no time to dispute it, they would pay themselves."""
LONGEST_AFTER_DELIVERY_S: Final = 90 * 86_400


@dataclass(frozen=True, slots=True)
class Command:
    """`actor` is an operator. Amounts are in `currency`, in minor units; None: there is none."""

    KIND: ClassVar[str] = "price_merchant"

    actor: int
    key: UUID
    merchant_id: int
    currency: str
    commission_bps: int
    commission_min_minor: int = 0
    commission_max_minor: int | None = None
    reserve_bps: int = 0
    reserve_days: int = 0
    monthly_fee_minor: int | None = None
    commission_bps_paid: int | None = None
    after_delivery_s: int | None = None

    def needs(self) -> Needs:
        """The merchant's present terms."""
        records = ((MerchantLock, self.merchant_id), (PricedMerchant, self.merchant_id))
        return Needs(records=records)


def decide(command: Command, facts: Facts) -> Decision:
    """Return the new terms, or raise the first refusal in `Code` order."""
    _check(command)
    merchant = facts.record(PricedMerchant, command.merchant_id)
    if merchant is None:
        raise Refused(Code.NOT_FOUND, of="merchant")
    holder = facts.holders[merchant.id]
    if command.actor == holder.id:
        raise Refused(Code.OWN_TRANSACTION)
    if holder.status == "closed":
        raise Refused(Code.RECEIVER_CLOSED)
    if facts.account(holder.id, Kind.SETTLEMENT, command.currency) is None:
        raise Refused(Code.NO_WALLET_IN_CURRENCY, currency=command.currency, of="merchant")
    pricing = Pricing(
        id=facts.id,
        merchant_id=merchant.id,
        commission_bps=command.commission_bps,
        commission_min_minor=command.commission_min_minor,
        commission_max_minor=command.commission_max_minor,
        reserve_bps=command.reserve_bps,
        reserve_days=command.reserve_days,
        monthly_fee_minor=command.monthly_fee_minor,
        commission_bps_paid=command.commission_bps_paid,
        after_delivery_s=command.after_delivery_s,
        currency=command.currency,
        paid_until=merchant.paid_until,
    )
    due_at = _due_at(merchant, pricing, holder, facts)
    return Decision(
        Posting("price_merchant", receiver_id=merchant.id),
        answer={
            "reference": facts.reference,
            "kind": "price_merchant",
            "merchant": {"reference": reference(merchant.id), **party(holder)},
            **pricing.json,
            "posted_at": facts.now.isoformat(),
        },
        texts=_text(holder, pricing, facts),
        rows=(NewPricing(pricing, facts.now), MerchantPriced(merchant, pricing, due_at)),
    )


def _check(command: Command) -> None:
    """Raise `Refused` for terms that no merchant can have, naming the field."""
    after_delivery = (SHORTEST_AFTER_DELIVERY_S, LONGEST_AFTER_DELIVERY_S)
    within: tuple[tuple[str, int | None, int, int], ...] = (
        ("commission_bps", command.commission_bps, 0, MOST_BPS),
        ("commission_bps_paid", command.commission_bps_paid, 0, command.commission_bps),
        ("reserve_bps", command.reserve_bps, 0, MOST_BPS),
        ("reserve_days", command.reserve_days, 0, MOST_DAYS),
        ("after_delivery_s", command.after_delivery_s, *after_delivery),
    )
    for field, value, least, most in within:
        if value is not None and not least <= value <= most:
            raise Refused(Code.FORMAT_ERROR, field=field, least=least, most=most)
    if (command.reserve_bps > 0) != (command.reserve_days > 0):
        raise Refused(
            Code.FORMAT_ERROR, field="reserve_days", reason="a reserve has a share and days"
        )
    if (command.monthly_fee_minor is None) != (command.commission_bps_paid is None):
        raise Refused(
            Code.FORMAT_ERROR, field="commission_bps_paid", reason="a monthly fee has a lower rate"
        )
    assert command.monthly_fee_minor is None or command.monthly_fee_minor > 0, command
    least_minor, most_minor = command.commission_min_minor, command.commission_max_minor
    assert least_minor >= 0, command
    if most_minor is not None and most_minor < least_minor:
        raise Refused(
            Code.FORMAT_ERROR,
            field="commission_max",
            least=Money(command.currency, least_minor).text,
        )


def _due_at(
    merchant: PricedMerchant, pricing: Pricing, holder: Holder, facts: Facts
) -> datetime | None:
    """Return when the monthly fee is next charged: a month that is paid stays paid."""
    if pricing.monthly_fee_minor is None:
        return None
    return merchant.due_at or start_of_next_month(facts.now, facts.market(holder).zone)


def _text(holder: Holder, pricing: Pricing, facts: Facts) -> tuple[Text, ...]:
    if holder.msisdn is None:
        return ()
    values = {"reference": facts.reference, "rate": shown_bps(pricing.commission_bps)}
    return (Text(holder.msisdn, holder.language, "terms_changed", values),)


def shown_bps(bps: int) -> str:
    """Return `1.25%` for 125 basis points."""
    return f"{bps // 100}.{bps % 100:02d}%"
