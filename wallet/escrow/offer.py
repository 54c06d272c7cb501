"""Offer: a direct agreement. The payer holds an amount for a registered number, for so many days.

It is the payee's at the deadline, or sooner when the payer releases it; the payee may decline it,
or return parts. For no days at all it goes straight to the payee's wallet, as a send would. The
payer pays the fee of a send on top.

The payee's limits are asked, and used up, when the money is promised. What is then held reaches
their wallet whatever it holds by that time: a promise is never broken by a limit, and no money is
ever locked by one. A wallet that stands above its limit takes nothing new until it has been spent
from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

from wallet.contracts.descriptions import check_description
from wallet.contracts.holding import Charged, charge, hold
from wallet.contracts.periods import check_days, deadline
from wallet.contracts.records import Contract
from wallet.contracts.texts import Values, texts_to
from wallet.errors import Code, Refused
from wallet.ledger.accounts import Account, Kind
from wallet.ledger.facts import Facts, Holder, Needs
from wallet.ledger.posting import Decision, Moment, Posting, Row, Text
from wallet.money import Money
from wallet.people.limits import Usage, check_in, check_out
from wallet.people.parties import check_active, party, phone_of, wallet_of
from wallet.people.pin import Pin, PinState, proven


@dataclass(frozen=True, slots=True)
class Command:
    """`actor` is the payer; `payee` is an MSISDN."""

    KIND: ClassVar[str] = "offer"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)
    payee: str
    amount: Money
    period_days: int
    description: str

    def needs(self) -> Needs:
        """The payer's PIN is guarded; both parties' accounts are locked."""
        return Needs(
            holders=(self.actor,),
            msisdns=(self.payee,),
            operator=((Kind.FEES, self.amount.currency),),
            records=((PinState, self.actor),),
            of_holders=(Usage,),
        )


def decide(command: Command, facts: Facts) -> Decision:
    """Return the posting, or raise the first refusal in `Code` order."""
    period_s = check_days(command.period_days)
    description = check_description(command.description)
    payer, payee = facts.holders[command.actor], facts.by_msisdn.get(command.payee)
    if payee is None:
        raise Refused(Code.RECEIVER_UNKNOWN)
    if payee.id == payer.id:
        raise Refused(Code.SAME_PARTIES)
    check_active(payer, payee)
    source = wallet_of(facts, payer, command.amount.currency)
    wallet = wallet_of(facts, payee, command.amount.currency)
    with proven(command.pin, payer, facts) as pin_rows:
        used = check_out(facts, payer, command.amount)
        received = check_in(facts, payee, wallet, command.amount)
        charged = charge(payer, source, command.amount, facts)

        contract: Contract | None = None
        target: Account = wallet
        opened: tuple[Row, ...] = ()
        if period_s:
            deadline_at = deadline(facts.now, period_s, facts.market(payee).zone)
            contract, target, opened = hold(
                facts, "offer", source, command.amount, deadline_at,
                payee=wallet, description=description,
            )  # fmt: skip
        return Decision(
            Posting("offer", charged.legs(target, facts), payer.id, payee.id),
            answer=_answer(facts, charged, payee, description, contract),
            texts=_texts(facts, (payer, payee), charged, wallet, contract),
            rows=(used, *received, *opened, *pin_rows),
        )


def _answer(
    facts: Facts, charged: Charged, payee: Holder, description: str, contract: Contract | None
) -> dict[str, Any]:
    return {
        "reference": facts.reference,
        "kind": "offer",
        "amount": charged.amount.json,
        "fee": charged.fee.json,
        "balance": charged.balance.json,
        "payee": party(payee),
        "description": description,
        "contract": None if contract is None else facts.reference,
        "deadline_at": None if contract is None else contract.deadline_at.isoformat(),
        "posted_at": facts.now.isoformat(),
    }


def _texts(
    facts: Facts,
    parties: tuple[Holder, Holder],
    charged: Charged,
    wallet: Account,
    contract: Contract | None,
) -> tuple[Text, ...]:
    payer, payee = parties
    common = {"reference": facts.reference, "amount": charged.amount.shown}
    costs = {"fee": charged.fee.shown, "balance": charged.balance.shown}
    by = {**common, "name": payer.name, "phone": phone_of(payer)}
    if contract is None:
        sent = {**common, **costs, "name": payee.name, "phone": phone_of(payee)}
        received = {**by, "balance": (wallet.balance + charged.amount).shown}
        return texts_to((payer, "sent", sent), (payee, "received", received))
    assert contract.description is not None, contract
    held: Values = {
        **common,
        **costs,
        "name": payee.name,
        "deadline": Moment(contract.deadline_at, facts.market(payer).zone),
        "service_code": facts.market(payer).service_code,
    }
    offered: Values = {
        **by,
        "description": contract.description,
        "deadline": Moment(contract.deadline_at, facts.market(payee).zone),
        "service_code": facts.market(payee).service_code,
    }
    return texts_to((payer, "paid_held", held), (payee, "offered", offered))
