"""Payout: what is settled to a merchant goes to the merchant's bank, and the bank's word on it.

Asking moves the money to the transit account; paid moves it out of the trust account; failed
moves it back to the merchant, fee included. A time-out moves nothing: the bank is asked again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final
from uuid import UUID, uuid5

from wallet.clock import reference
from wallet.errors import Code, Refused
from wallet.escrow.payouts import NewPayout, Payout, PayoutSettled, Terms
from wallet.flows.parties import check_funds, check_sender
from wallet.ledger.accounts import Kind
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.poster import WORKER
from wallet.ledger.posting import Decision, Leg, Posting, Text
from wallet.money import Money
from wallet.people.pin import Pin, check_pin

_SETTLED: Final = UUID("5f0e7c44-8a6d-4f63-8f0f-0c5f5f6c1f02")


@dataclass(frozen=True, slots=True)
class Command:
    """`actor` is the merchant; `amount` is what the bank receives, the fee comes on top."""

    KIND: ClassVar[str] = "payout"

    actor: int
    key: UUID
    pin: Pin
    amount: Money

    def needs(self) -> Needs:
        """The merchant's PIN is guarded, the destination locked."""
        currency = self.amount.currency
        return Needs(
            guarded=(self.actor,),
            operator=((Kind.IN_TRANSIT, currency),),
            records=((Terms, self.actor),),
        )


@dataclass(frozen=True, slots=True)
class Settled:
    """The bank has said what became of a payout. The key follows from it: it happens once."""

    KIND: ClassVar[str] = "payout_settled"

    payout_id: int
    currency: str
    paid: bool
    failure: str | None = None
    actor: int = WORKER

    @property
    def key(self) -> UUID:
        """One for each payout, whatever the bank says: the first final word stands."""
        return uuid5(_SETTLED, str(self.payout_id))

    def needs(self) -> Needs:
        """The payout, and where its amount and fee may go."""
        return Needs(
            operator=(
                (Kind.IN_TRANSIT, self.currency),
                (Kind.TRUST, self.currency),
                (Kind.FEES, self.currency),
            ),
            records=((Payout, self.payout_id),),
        )


def decide(command: Command, facts: Facts) -> Decision:
    """Return the posting, or raise the first refusal in `Code` order."""
    merchant = facts.holders[command.actor]
    terms = facts.record(Terms, merchant.id)
    if terms is None:
        raise Refused(Code.FORBIDDEN)
    check_sender(merchant)
    settlement = facts.account(merchant.id, Kind.SETTLEMENT, command.amount.currency)
    if settlement is None:
        raise Refused(Code.NO_WALLET_IN_CURRENCY, currency=command.amount.currency)
    pin_rows = check_pin(command.pin, merchant, facts)
    if terms.destination is None:
        raise Refused(Code.PAYOUT_DESTINATION_MISSING)
    fee = facts.market(merchant).fee("payout", command.amount)
    total = command.amount + fee
    check_funds(settlement, total)

    transit = facts.operator(Kind.IN_TRANSIT, command.amount.currency)
    payout = Payout(
        facts.id, merchant.id, command.amount.currency, command.amount.minor, fee.minor,
        "requested",
        terms.destination,
    )  # fmt: skip
    balance = settlement.balance - total
    values = {
        "reference": facts.reference,
        "amount": command.amount.shown,
        "destination": payout.destination.shown,
        "fee": fee.shown,
        "balance": balance.shown,
    }
    return Decision(
        Posting("payout", (Leg(settlement, -total), Leg(transit, total)), merchant.id),
        answer={
            "reference": facts.reference,
            "kind": "payout",
            "amount": command.amount.json,
            "fee": fee.json,
            "balance": balance.json,
            "destination": payout.destination.shown,
            "posted_at": facts.now.isoformat(),
        },
        texts=_text(facts, merchant.id, "payout_requested", values),
        rows=(NewPayout(payout, facts.now), *pin_rows),
    )


def decide_settled(command: Settled, facts: Facts) -> Decision:
    """Return the posting that ends a payout, or why it is not to be done."""
    payout = facts.record(Payout, command.payout_id)
    if payout is None:
        raise Refused(Code.NOT_FOUND)
    if payout.state != "sent":
        raise Refused(Code.INCORRECT_STATE, state=payout.state)
    transit = facts.operator(Kind.IN_TRANSIT, payout.currency)
    settlement = facts.account(payout.merchant_id, Kind.SETTLEMENT, payout.currency)
    assert settlement is not None, "a payout came from it"
    values = {
        "reference": reference(payout.id),
        "amount": payout.amount.shown,
        "destination": payout.destination.shown,
    }
    total = payout.amount + payout.fee
    legs = [Leg(transit, -total)]
    if command.paid:
        state, wording = "paid", "payout_paid"
        legs.append(Leg(facts.operator(Kind.TRUST, payout.currency), payout.amount))
        if payout.fee.is_positive:
            legs.append(Leg(facts.operator(Kind.FEES, payout.currency), payout.fee))
    else:
        state, wording = "failed", "payout_failed"
        legs.append(Leg(settlement, total))
        values["balance"] = (settlement.balance + total).shown
    return Decision(
        Posting(
            f"payout_{state}",
            tuple(legs),
            payout.merchant_id if command.paid else None,
            None if command.paid else payout.merchant_id,
        ),
        answer={"reference": reference(payout.id), "kind": f"payout_{state}"},
        texts=_text(facts, payout.merchant_id, wording, values),
        rows=(PayoutSettled(replace(payout, state=state), facts.now, command.failure),),
    )


def _text(facts: Facts, holder_id: int, wording: str, values: dict[str, str]) -> tuple[Text, ...]:
    holder = facts.holders[holder_id]
    if holder.msisdn is None:
        return ()
    return (Text(holder.msisdn, holder.language, wording, values),)
