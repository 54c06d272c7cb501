"""Pay: a wallet pays a merchant's till, by its number or by QR.

The money is held in a contract for the merchant's period, or goes straight to the merchant's
settlement account where the period is zero. The payer pays the fee of the tariff on top.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from wallet.contracts.periods import deadline
from wallet.contracts.records import Contract, NewContract
from wallet.errors import Code, Refused
from wallet.ledger.accounts import Account, Kind
from wallet.ledger.facts import Facts, Holder, Needs
from wallet.ledger.posting import Decision, Leg, Moment, NewAccount, Posting, Row, Text
from wallet.merchants.order_records import PaidOrder, order_id, paid_now
from wallet.merchants.pricing import Charges, charges
from wallet.merchants.records import Till
from wallet.money import Money
from wallet.people.limits import Usage, check_out
from wallet.people.parties import check_active, check_funds, phone_of, wallet_of
from wallet.people.pin import Pin, PinState, proven


@dataclass(frozen=True, slots=True)
class Command:
    """`actor` is the payer. `order` and `expires_at` are what a dynamic QR code says.

    Both are looked at here, after the replay: who paid in time may ask again later.
    """

    KIND: ClassVar[str] = "pay"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)
    till: str
    amount: Money
    order: str | None = None
    expires_at: datetime | None = None

    def needs(self) -> Needs:
        """The payer's PIN is guarded; wallet and settlement account are locked."""
        order = self.order
        ordered = () if order is None else ((PaidOrder, order_id(self.till, order)),)
        return Needs(
            holders=(self.actor,),
            operator=(
                (Kind.FEES, self.amount.currency),
                (Kind.COMMISSIONS, self.amount.currency),
            ),
            records=((PinState, self.actor), (Till, self.till), *ordered),
            of_holders=(Usage,),
        )


def decide(command: Command, facts: Facts) -> Decision:
    """Return the posting, or raise the first refusal in `Code` order."""
    if command.expires_at is not None and facts.now >= command.expires_at:
        raise Refused(Code.QR_EXPIRED)
    payer = facts.holders[command.actor]
    till = facts.record(Till, command.till)
    if till is None:
        raise Refused(Code.TILL_UNKNOWN)
    payee = facts.holders[till.merchant_id]
    if payee.id == payer.id:
        raise Refused(Code.SAME_PARTIES)
    check_active(payer, payee)
    source = wallet_of(facts, payer, command.amount.currency)
    settlement = facts.account(payee.id, Kind.SETTLEMENT, command.amount.currency)
    if settlement is None:
        raise Refused(Code.NO_WALLET_IN_CURRENCY, currency=command.amount.currency, of="merchant")
    with proven(command.pin, payer, facts) as pin_rows:
        paid = paid_now(command.till, command.order, facts)
        used = check_out(facts, payer, command.amount)
        fee = facts.market(payer).fee("pay", command.amount)
        total = command.amount + fee
        check_funds(source, total)

        contract = _contract(command, facts, till, source, settlement)
        taken = charges(
            till.pricing if contract is None else None, settlement, 0, command.amount, facts
        )
        target: Account = settlement
        rows: tuple[Row, ...] = ()
        if contract is not None:
            target = Account(contract.id, None, Kind.ESCROW, contract.currency)
            rows = (NewAccount(target, facts.now), NewContract(contract))
        legs = [Leg(source, -total), Leg(target, command.amount)]
        if fee.is_positive:
            legs.append(Leg(facts.operator(Kind.FEES, fee.currency), fee))
        balance = source.balance - total
        return Decision(
            Posting("pay", tuple(legs), payer.id, payee.id),
            answer=_answer(command, facts, till, fee, balance, contract),
            texts=_texts(
                command, facts, (payer, payee), till, fee, balance, settlement, contract, taken
            ),
            rows=(used, *paid, *rows, *pin_rows, *taken.rows),
            then=taken.postings,
        )


def _contract(
    command: Command,
    facts: Facts,
    till: Till,
    source: Account,
    settlement: Account,
) -> Contract | None:
    """Return the contract that holds the payment; None where the merchant is paid at once."""
    if till.escrow_period_s == 0:
        return None
    assert source.holder_id is not None
    zone = facts.market(facts.holders[till.merchant_id]).zone
    return Contract(
        id=facts.id,
        origin="payment",
        payer_id=source.holder_id,
        payee_id=till.merchant_id,
        payee_msisdn=None,
        payer_account_id=source.id,
        payee_account_id=settlement.id,
        till=till.number,
        description=None,
        currency=command.amount.currency,
        amount_minor=command.amount.minor,
        released_minor=0,
        returned_minor=0,
        disputed_minor=0,
        at_deadline="release",
        steps=None,
        steps_done=None,
        pricing_id=None if till.pricing is None else till.pricing.id,
        opened_at=facts.now,
        deadline_at=deadline(facts.now, till.escrow_period_s, zone),
        closed_at=None,
        merchant=till.name,
        pricing=till.pricing,
    )


def _answer(
    command: Command,
    facts: Facts,
    till: Till,
    fee: Money,
    balance: Money,
    contract: Contract | None,
) -> dict[str, Any]:
    return {
        "reference": facts.reference,
        "kind": "pay",
        "amount": command.amount.json,
        "fee": fee.json,
        "balance": balance.json,
        "till": till.number,
        "merchant": till.name,
        "order": command.order,
        "contract": None if contract is None else facts.reference,
        "deadline_at": None if contract is None else contract.deadline_at.isoformat(),
        "posted_at": facts.now.isoformat(),
    }


def _texts(
    command: Command,
    facts: Facts,
    parties: tuple[Holder, Holder],
    till: Till,
    fee: Money,
    balance: Money,
    settlement: Account,
    contract: Contract | None,
    taken: Charges,
) -> tuple[Text, ...]:
    payer, payee = parties
    common = {"reference": facts.reference, "amount": command.amount.shown, "till": till.number}
    paid: dict[str, str | Moment] = {
        **common,
        "name": till.name,
        "fee": fee.shown,
        "balance": balance.shown,
    }
    received: dict[str, str | Moment] = {**common, "name": payer.name, "phone": phone_of(payer)}
    if contract is None:
        wordings = ("paid_now", "payment_received")
        received["fee"] = taken.commission.shown
        received["balance"] = (settlement.balance + command.amount - taken.total).shown
    else:
        wordings = ("paid_held", "payment_held")
        paid["service_code"] = facts.market(payer).service_code
        paid["deadline"] = Moment(contract.deadline_at, facts.market(payer).zone)
        received["deadline"] = Moment(contract.deadline_at, facts.market(payee).zone)
    return tuple(
        Text(holder.msisdn, holder.language, wording, values)
        for holder, wording, values in zip(parties, wordings, (paid, received), strict=True)
        if holder.msisdn is not None
    )
