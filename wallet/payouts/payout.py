"""Payout: what is settled to a merchant goes where the merchant said.

Asking moves the money to the transit account; what comes of it moves it on
(wallet/payouts/finish.py). To the own wallet it is paid at once; cash waits for an agent
(wallet/payouts/collect.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final
from uuid import UUID

from wallet.clock import reference
from wallet.destinations.records import Destinations, Place, destinations_of
from wallet.errors import Code, Refused
from wallet.ledger.accounts import Account, Kind
from wallet.ledger.facts import Facts, Holder, Needs
from wallet.ledger.posting import Decision, Leg, Moment, Posting, Row, Text
from wallet.merchants.records import MerchantLock
from wallet.money import Money
from wallet.payouts.records import CASH_CODE, NewPayout, Payout
from wallet.people.limits import Usage, check_in
from wallet.people.one_time import OneTimeCode
from wallet.people.parties import check_funds, check_sender, wallet_of
from wallet.people.pin import Pin, PinKeys, PinState, proven
from wallet.refunds.records import RefundsWaiting, check_no_refund_waits

CODE_DIGITS: Final = 8
TARIFF: Final = {
    "bank": "payout", "mobile": "payout_mobile", "cash": "payout_cash", "wallet": "payout_wallet",
}  # fmt: skip
_STATE: Final = {"wallet": "paid", "cash": "collectible"}


@dataclass(frozen=True, slots=True)
class Command:
    """`actor` is the merchant; `amount` is what arrives, the fee comes on top.

    Without a destination it goes to the default one. `code` is what cash is collected with.
    """

    KIND: ClassVar[str] = "payout"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)
    amount: Money
    destination_id: int | None = None
    code: OneTimeCode | None = None

    def needs(self) -> Needs:
        """The merchant's PIN is guarded, the destinations locked."""
        return needs_of(self.actor, self.amount.currency)


def needs_of(merchant_id: int, currency: str) -> Needs:
    """Return what a payout of a merchant's locks and reads."""
    return Needs(
        holders=(merchant_id,),
        operator=((Kind.IN_TRANSIT, currency), (Kind.FEES, currency)),
        records=(
            (PinState, merchant_id),
            (MerchantLock, merchant_id),
            (Destinations, merchant_id),
            (RefundsWaiting, merchant_id),
        ),
        of_holders=(Usage,),
    )


def decide(command: Command, facts: Facts) -> Decision:
    """Return the posting, or raise the first refusal in `Code` order."""
    merchant = facts.holders[command.actor]
    settlement = settlement_of(merchant, command.amount.currency, facts)
    place = _named(command.destination_id, merchant, facts)
    with proven(command.pin, merchant, facts) as pin_rows:
        place = usable(place, facts)
        return pay_out(merchant, settlement, place, command.amount, command.code, facts, pin_rows)


def settlement_of(merchant: Holder, currency: str, facts: Facts) -> Account:
    """Return what a merchant is paid out of. Raises `Refused` where there is no such merchant."""
    if facts.record(MerchantLock, merchant.id) is None:
        raise Refused(Code.FORBIDDEN)
    check_sender(merchant)
    settlement = facts.account(merchant.id, Kind.SETTLEMENT, currency)
    if settlement is None:
        raise Refused(Code.NO_WALLET_IN_CURRENCY, currency=currency)
    return settlement


def default_place(merchant: Holder, facts: Facts) -> Place | None:
    """Return where payouts go that name no destination."""
    terms = facts.record(MerchantLock, merchant.id)
    assert terms is not None, merchant.id
    return destinations_of(facts, merchant.id).place(terms.destination_id)


def usable(place: Place | None, facts: Facts) -> Place:
    """Return a destination that money may go to now, or refuse."""
    if place is None:
        raise Refused(Code.PAYOUT_DESTINATION_MISSING)
    if place.state != "confirmed":
        raise Refused(Code.DESTINATION_UNCONFIRMED)
    assert place.usable_from is not None, place
    if facts.now < place.usable_from:
        raise Refused(Code.DESTINATION_COOLING_OFF, usable_from=place.usable_from.isoformat())
    return place


def _named(destination_id: int | None, merchant: Holder, facts: Facts) -> Place | None:
    if destination_id is None:
        return default_place(merchant, facts)
    place = destinations_of(facts, merchant.id).place(destination_id)
    if place is None:
        raise Refused(Code.DESTINATION_UNKNOWN)
    return place


def pay_out(
    merchant: Holder,
    settlement: Account,
    place: Place,
    amount: Money,
    code: OneTimeCode | None,
    facts: Facts,
    rows: tuple[Row, ...] = (),
) -> Decision:
    """Return the posting that sends `amount` to `place`, asked for by its merchant or schedule."""
    where = place.destination
    market = facts.market(merchant)
    check_no_refund_waits(merchant.id, amount.currency, facts)
    if amount.minor < market.payouts.minimum_minor:
        least = Money(amount.currency, market.payouts.minimum_minor)
        raise Refused(Code.LESS_THAN_TRANSACTION_MIN_VALUE, minimum=least.text)
    fee = market.fee(TARIFF[where.kind], amount)
    target = facts.operator(Kind.IN_TRANSIT, amount.currency)
    if where.kind == "wallet":
        target = wallet_of(facts, merchant, amount.currency)
        rows = (*rows, *check_in(facts, merchant, target, amount))
    check_funds(settlement, amount + fee)

    kept, expires_at = None, None
    if where.kind == "cash":
        assert code is not None, "whoever pays out draws a code"
        kept = code.made(CASH_CODE, facts.id, facts.setting(PinKeys))
        expires_at = facts.now + market.payouts.cash_lifetime
    payout = Payout(
        facts.id, merchant.id, amount.currency, amount.minor, fee.minor,
        _STATE.get(where.kind, "requested"), where, place.id, kept, 0, expires_at,
        facts.now + market.payouts.approval_lifetime,
    )  # fmt: skip
    legs = [Leg(settlement, -(amount + fee))]
    if where.kind == "wallet":
        earned = (Leg(facts.operator(Kind.FEES, amount.currency), fee),) if fee.is_positive else ()
        legs += (Leg(target, amount), *earned)
    else:  # the fee goes with it, until it is known to be earned
        legs.append(Leg(target, amount + fee))
    balance = settlement.balance - amount - fee
    return Decision(
        Posting("payout", tuple(legs), merchant.id),
        answer={
            "reference": facts.reference,
            "kind": "payout",
            "amount": amount.json,
            "fee": fee.json,
            "balance": balance.json,
            "destination": where.shown,
            "state": payout.state,
            "expires_at": None if expires_at is None else expires_at.isoformat(),
            "posted_at": facts.now.isoformat(),
        },
        texts=_asked(payout, balance, code, merchant, facts),
        rows=(NewPayout(payout, facts.now), *rows),
    )


def _asked(
    payout: Payout, balance: Money, code: OneTimeCode | None, merchant: Holder, facts: Facts
) -> tuple[Text, ...]:
    values: dict[str, str | Moment] = {
        "reference": facts.reference,
        "amount": payout.amount.shown,
        "destination": payout.destination.shown,
        "fee": payout.fee.shown,
        "balance": balance.shown,
    }
    if payout.destination.kind == "cash":
        assert code is not None
        assert payout.expires_at is not None
        values["cash_code"] = code.for_text
        values["expires_at"] = Moment(payout.expires_at, facts.market(merchant).zone)
        return text_to(merchant, "payout_collectible", values)
    wording = "payout_to_wallet" if payout.state == "paid" else "payout_requested"
    return text_to(merchant, wording, values)


def text_values(payout: Payout) -> dict[str, str | Moment]:
    """Return what every text about a payout says."""
    return {
        "reference": reference(payout.id),
        "amount": payout.amount.shown,
        "destination": payout.destination.shown,
    }


def text_to(holder: Holder, wording: str, values: dict[str, str | Moment]) -> tuple[Text, ...]:
    """Return a text to a holder; none where they have no phone."""
    if holder.msisdn is None:
        return ()
    return (Text(holder.msisdn, holder.language, wording, values),)
