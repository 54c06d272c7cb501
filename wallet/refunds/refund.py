"""Refund: a merchant gives back what was released to them, whole or in part, to who paid it.

From the settlement balance, without the commission, which is kept. Where the balance does not
cover it, the merchant may let it wait: it is paid as soon as what is settled next covers it, the
oldest first, and nothing is paid out before. The merchant cannot call it off, for the customer
was told; one of the operator's staff may decline it. It waits for the market's `refund_days`: what
is not covered by then is declined, so that the customer knows, and the merchant may refund anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, ClassVar, Final
from uuid import UUID, uuid5

from wallet.clock import reference
from wallet.errors import Code, Refused
from wallet.ledger.accounts import Account, Kind
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.poster import WORKER
from wallet.ledger.posting import Decision, Leg, Moment, Posting, Text
from wallet.merchants.records import MerchantLock
from wallet.money import Money
from wallet.people.parties import check_funds, check_sender, wallet_of
from wallet.people.pin import Pin, PinState, proven
from wallet.people.staff import Staff, check_staff
from wallet.refunds.records import (
    NewRefund,
    Payment,
    Refund,
    RefundEnded,
    RefundsWaiting,
    check_no_refund_waits,
)

_DUE: Final = UUID("0c7b7a4e-5a0f-4a8c-9d57-1b6ff2f0a911")


NOT_COVERED: Final = "not covered in time"
"""Why a refund was declined that nobody declined."""


@dataclass(frozen=True, slots=True)
class Command:
    """`actor` is the merchant. No `amount` means all that is left of the payment."""

    KIND: ClassVar[str] = "refund"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)
    payment_id: int
    amount: Money | None = None
    when_covered: bool = False

    def needs(self) -> Needs:
        """The merchant's terms are locked first, so that refunds of theirs queue up."""
        return Needs(
            holders=(self.actor,),
            records=(
                (PinState, self.actor),
                (MerchantLock, self.actor),
                (Payment, self.payment_id),
                (RefundsWaiting, self.actor),
            ),
        )


@dataclass(frozen=True, slots=True)
class Due:
    """A waiting refund is covered, or its time is over. Its key follows from it: it ends once."""

    KIND: ClassVar[str] = "refund_covered"

    refund_id: int
    merchant_id: int
    actor: int = WORKER

    @property
    def key(self) -> UUID:
        """The same for every worker that notices."""
        return uuid5(_DUE, str(self.refund_id))

    def needs(self) -> Needs:
        """The merchant's terms, and the refund, which brings both parties."""
        return Needs(
            records=(
                (MerchantLock, self.merchant_id),
                (Refund, self.refund_id),
                (RefundsWaiting, self.merchant_id),
            )
        )


@dataclass(frozen=True, slots=True)
class Decline:
    """`actor` is one of the operator's staff; a waiting refund will not be paid."""

    KIND: ClassVar[str] = "decline_refund"

    actor: int
    key: UUID
    refund_id: int
    reason: str

    def needs(self) -> Needs:
        """The refund, and who declines."""
        return Needs(records=((Refund, self.refund_id), (Staff, self.actor)))


def decide(command: Command, facts: Facts) -> Decision:
    """Return the refund, made or waiting, or raise the first refusal in `Code` order."""
    if facts.record(MerchantLock, command.actor) is None:
        raise Refused(Code.FORBIDDEN)
    payment = facts.record(Payment, command.payment_id)
    if payment is None or payment.merchant_id != command.actor:
        raise Refused(Code.PAYMENT_UNKNOWN)
    merchant, payer = facts.holders[command.actor], facts.holders[payment.payer_id]
    check_sender(merchant)
    if payer.status == "closed":
        raise Refused(Code.RECEIVER_CLOSED)
    with proven(command.pin, merchant, facts) as pin_rows:
        if payment.is_reversed:
            raise Refused(Code.ALREADY_REVERSED)
        part = payment.part(command.amount)
        settlement = facts.account(merchant.id, Kind.SETTLEMENT, part.currency)
        assert settlement is not None, "the payment was released to it"
        waiting = facts.record(RefundsWaiting, merchant.id)
        assert waiting is not None, "whoever has terms has these"
        if not command.when_covered:
            check_no_refund_waits(merchant.id, part.currency, facts)
            check_funds(settlement, part)
        is_covered = waiting.first(part.currency) is None and not part > settlement.balance

        refund = Refund(
            facts.id, payment.id, merchant.id, payer.id, part.currency, part.minor,
            "waiting", facts.now, merchant=payment.merchant,
        )  # fmt: skip
        if is_covered:
            refund = _paid(refund, facts)
        else:
            days = timedelta(days=facts.market(merchant).refund_days)
            refund = replace(refund, waits_until=facts.now + days)
        posting = _posting(command.KIND, refund, settlement, facts)
        left = payment.left - part
        return Decision(
            posting,
            answer={
                **_answer(command.KIND, refund, settlement, facts),
                "refunded": (payment.refunded + part).json,
                "left": left.json,
            },
            texts=_texts(refund, settlement, facts, "refunded" if is_covered else "refund_waits"),
            rows=(NewRefund(refund), *pin_rows),
        )


def decide_due(command: Due, facts: Facts) -> Decision:
    """Return how a refund that waited ends, or why it does not end now (or has ended)."""
    refund = facts.record(Refund, command.refund_id)
    waiting = facts.record(RefundsWaiting, command.merchant_id)
    if refund is None or waiting is None or refund.merchant_id != command.merchant_id:
        raise Refused(Code.NOT_FOUND)
    refund.check_waiting()
    settlement = facts.account(refund.merchant_id, Kind.SETTLEMENT, refund.currency)
    assert settlement is not None, "the payment was released to it"
    is_first = waiting.first(refund.currency) == refund.id
    is_payable = is_first and not refund.amount > settlement.balance
    if refund.has_waited(facts.now) and not is_payable:
        return _declined("refund_lapsed", refund, settlement, NOT_COVERED, facts)
    if not is_first:
        raise Refused(Code.REFUND_WAITING, currency=refund.currency)  # an older one comes first
    check_funds(settlement, refund.amount)
    refund = _paid(refund, facts)
    return Decision(
        _posting(command.KIND, refund, settlement, facts),
        answer=_answer(command.KIND, refund, settlement, facts),
        texts=_texts(refund, settlement, facts, "refunded"),
        rows=(RefundEnded(refund),),
    )


def decide_decline(command: Decline, facts: Facts) -> Decision:
    """Return the end of a refund that waited, or why it is not (or no longer) to be declined."""
    check_staff(command.actor, facts)
    refund = facts.record(Refund, command.refund_id)
    if refund is None:
        raise Refused(Code.NOT_FOUND)
    if command.actor in {refund.merchant_id, refund.payer_id}:
        raise Refused(Code.OWN_TRANSACTION)
    refund.check_waiting()
    settlement = facts.account(refund.merchant_id, Kind.SETTLEMENT, refund.currency)
    assert settlement is not None, "the payment was released to it"
    return _declined("refund_declined", refund, settlement, command.reason, facts)


def _declined(
    stem: str, refund: Refund, settlement: Account, reason: str, facts: Facts
) -> Decision:
    refund = replace(refund, state="declined", ended_at=facts.now, decline_reason=reason)
    return Decision(
        _posting(Decline.KIND, refund, settlement, facts),
        answer={**_answer(Decline.KIND, refund, settlement, facts), "reason": reason},
        texts=_texts(refund, settlement, facts, stem),
        rows=(RefundEnded(refund),),
    )


def _paid(refund: Refund, facts: Facts) -> Refund:
    return replace(refund, state="paid", ended_at=facts.now, posting_id=facts.id)


def _posting(kind: str, refund: Refund, settlement: Account, facts: Facts) -> Posting:
    """Linked to the payment, so that it is in the payment's timeline; legs where it is paid."""
    legs: tuple[Leg, ...] = ()
    if refund.state == "paid":
        wallet = wallet_of(facts, facts.holders[refund.payer_id], refund.currency)
        legs = (Leg(settlement, -refund.amount), Leg(wallet, refund.amount))
    return Posting(kind, legs, refund.merchant_id, refund.payer_id, refund.payment_id)


def _left(refund: Refund, settlement: Account) -> Money:
    is_paid = refund.state == "paid"
    return settlement.balance - refund.amount if is_paid else settlement.balance


def _answer(kind: str, refund: Refund, settlement: Account, facts: Facts) -> dict[str, Any]:
    """`asked` is what shall go back; `amount`, what has moved by this very posting."""
    moved = {"amount": refund.amount.json} if refund.state == "paid" else {}
    return {
        "reference": facts.reference,
        "kind": kind,
        "refund": reference(refund.id),
        "payment": reference(refund.payment_id),
        "state": refund.state,
        "asked": refund.amount.json,
        **moved,
        "commission_returned": Money(refund.currency, 0).json,  # it is kept, and said so
        "waits_until": None if refund.waits_until is None else refund.waits_until.isoformat(),
        "balance": _left(refund, settlement).json,
        "posted_at": facts.now.isoformat(),
    }


def _texts(refund: Refund, settlement: Account, facts: Facts, stem: str) -> tuple[Text, ...]:
    payer, merchant = facts.holders[refund.payer_id], facts.holders[refund.merchant_id]
    common: dict[str, str | Moment] = {
        "reference": facts.reference,
        "original": reference(refund.payment_id),
        "amount": refund.amount.shown,
    }
    if refund.waits_until is not None:
        common["deadline"] = Moment(refund.waits_until, facts.market(merchant).zone)
    to_payer = {**common, "name": refund.merchant}
    to_merchant = {
        **common,
        "name": payer.name,
        "balance": _left(refund, settlement).shown,
    }
    if refund.state == "paid":
        wallet = wallet_of(facts, payer, refund.currency)
        to_payer["balance"] = (wallet.balance + refund.amount).shown
    return tuple(
        Text(holder.msisdn, holder.language, wording, values)
        for holder, wording, values in (
            (payer, f"{stem}_payer", to_payer),
            (merchant, f"{stem}_merchant", to_merchant),
        )
        if holder.msisdn is not None
    )
