"""Monthly fee: charged when the merchant's local month begins, it lowers their commission.

Where the settlement balance does not cover it, nothing is charged, the standard rate applies and
it is tried again when the next local day begins. Once for a month: the key follows from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final
from uuid import UUID, uuid5

from wallet.clock import start_of_next_day, start_of_next_month
from wallet.errors import Code, Refused
from wallet.ledger.accounts import Kind
from wallet.ledger.facts import Facts, Holder, Needs
from wallet.ledger.poster import WORKER
from wallet.ledger.posting import Decision, Leg, Posting, Text
from wallet.merchants.pricing_records import MonthlyDue, PricedMerchant
from wallet.merchants.records import MerchantLock
from wallet.money import Money

_MONTH: Final = UUID("3d1c0b68-9f0e-4b0e-8b51-0d6a4c7e5a21")


@dataclass(frozen=True, slots=True)
class Command:
    """`month` is the first day of the merchant's local month; `currency` is of their terms."""

    KIND: ClassVar[str] = "monthly_fee"

    merchant_id: int
    month: date
    currency: str
    actor: int = WORKER

    @property
    def key(self) -> UUID:
        """One for each merchant and month."""
        return uuid5(_MONTH, f"{self.merchant_id} {self.month:%Y-%m}")

    def needs(self) -> Needs:
        """The merchant's terms, and where the fee goes."""
        return Needs(
            operator=((Kind.COMMISSIONS, self.currency),),
            records=((MerchantLock, self.merchant_id), (PricedMerchant, self.merchant_id)),
        )


def decide(command: Command, facts: Facts) -> Decision:
    """Return the charge, or why it is not (or no longer) to be made."""
    merchant = facts.record(PricedMerchant, command.merchant_id)
    if merchant is None:
        raise Refused(Code.NOT_FOUND, of="merchant")
    holder, zone = facts.holders[merchant.id], facts.market(facts.holders[merchant.id]).zone
    if merchant.due_at is None or facts.now < merchant.due_at:
        raise Refused(Code.INCORRECT_STATE, state="not_due")
    fee = merchant.monthly_fee
    if fee is None or fee.currency != command.currency or not _is_month(command, holder, facts):
        raise Refused(Code.INCORRECT_STATE, state="terms_changed")
    settlement = facts.account(merchant.id, Kind.SETTLEMENT, fee.currency)
    if holder.status != "active" or settlement is None or fee > settlement.balance:
        # The posting that would say so does not exist; when to try again is written all the same.
        later = MonthlyDue(merchant, None, start_of_next_day(facts.now, zone))
        raise Refused(Code.INSUFFICIENT_FUNDS, needed=fee.text, rows=(later,))
    until = start_of_next_month(facts.now, zone)
    earned = facts.operator(Kind.COMMISSIONS, fee.currency)
    balance = settlement.balance - fee
    return Decision(
        Posting("monthly_fee", (Leg(settlement, -fee), Leg(earned, fee)), merchant.id),
        answer={
            "reference": facts.reference,
            "kind": "monthly_fee",
            "amount": fee.json,
            "balance": balance.json,
            "paid_until": until.isoformat(),
            "posted_at": facts.now.isoformat(),
        },
        texts=_text(holder, fee, balance, facts),
        rows=(MonthlyDue(merchant, until, until),),
    )


def _is_month(command: Command, holder: Holder, facts: Facts) -> bool:
    return command.month == facts.today(holder).replace(day=1)


def _text(holder: Holder, fee: Money, balance: Money, facts: Facts) -> tuple[Text, ...]:
    if holder.msisdn is None:
        return ()
    values = {"reference": facts.reference, "fee": fee.shown, "balance": balance.shown}
    return (Text(holder.msisdn, holder.language, "monthly_fee", values),)
