"""Claim: money sent to a number that nobody has registered yet, held until somebody does.

Whoever registers it before the deadline has the money at once (wallet/escrow/deliver_claim.py).
Unclaimed, it returns to the payer at the deadline by itself. The payer pays the fee of a send on
top. The period is that of the number's market, and so is the language in which the number is told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from wallet.contracts.holding import Charged, charge, hold
from wallet.contracts.periods import DAY_S, deadline
from wallet.contracts.records import Contract
from wallet.contracts.texts import Values, market_of, text_to_number, texts_to
from wallet.errors import Code, Refused
from wallet.ledger.accounts import Kind
from wallet.ledger.facts import Facts, Holder, Needs
from wallet.ledger.posting import Decision, Moment, Posting, Text
from wallet.money import Money
from wallet.numbers import local_number, region_of
from wallet.people.limits import Usage, check_out
from wallet.people.parties import check_sender, phone_of, wallet_of
from wallet.people.pin import Pin, PinState, proven


@dataclass(frozen=True, slots=True)
class Command:
    """`actor` is the payer; `receiver` is the MSISDN of somebody not registered."""

    KIND: ClassVar[str] = "claim"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)
    receiver: str
    amount: Money

    def needs(self) -> Needs:
        """The payer's PIN is guarded; the number is looked up, to see that nobody has it."""
        return Needs(
            holders=(self.actor,),
            msisdns=(self.receiver,),
            operator=((Kind.FEES, self.amount.currency),),
            records=((PinState, self.actor),),
            of_holders=(Usage,),
        )


def decide(command: Command, facts: Facts) -> Decision:
    """Return the posting, or raise the first refusal in `Code` order."""
    region = region_of(command.receiver)
    if region not in facts.markets:
        raise Refused(Code.PHONE_REGION_NOT_SERVED, region=region)
    market, payer = facts.markets[region], facts.holders[command.actor]
    check_sender(payer)
    source = wallet_of(facts, payer, command.amount.currency)
    if command.amount.currency != market.currency:  # of the wallet that registering opens
        currency = command.amount.currency
        raise Refused(Code.NO_WALLET_IN_CURRENCY, currency=currency, of="receiver")
    if command.receiver in facts.by_msisdn:
        raise Refused(Code.RECEIVER_REGISTERED)
    with proven(command.pin, payer, facts) as pin_rows:
        used = check_out(facts, payer, command.amount)
        charged = charge(payer, source, command.amount, facts)

        contract, own, opened = hold(
            facts, "claim", source, command.amount,
            deadline(facts.now, market.claim_days * DAY_S, market.zone),
            payee_msisdn=command.receiver, at_deadline="return",
        )  # fmt: skip
        return Decision(
            Posting("claim", charged.legs(own, facts), payer.id),
            answer={
                "reference": facts.reference,
                "kind": "claim",
                "amount": charged.amount.json,
                "fee": charged.fee.json,
                "balance": charged.balance.json,
                "receiver": {"name": None, "msisdn": command.receiver},
                "contract": facts.reference,
                "deadline_at": contract.deadline_at.isoformat(),
                "posted_at": facts.now.isoformat(),
            },
            texts=_texts(facts, payer, charged, contract),
            rows=(used, *opened, *pin_rows),
        )


def _texts(facts: Facts, payer: Holder, charged: Charged, contract: Contract) -> tuple[Text, ...]:
    msisdn = contract.payee_msisdn
    assert msisdn is not None, contract
    market = market_of(msisdn, facts)
    common = {"reference": facts.reference, "amount": charged.amount.shown}
    to_payer: Values = {
        **common,
        "phone": local_number(msisdn),
        "fee": charged.fee.shown,
        "balance": charged.balance.shown,
        "deadline": Moment(contract.deadline_at, facts.market(payer).zone),
    }
    to_number: Values = {
        **common,
        "name": payer.name,
        "phone": phone_of(payer),
        "service_code": market.service_code,
        "deadline": Moment(contract.deadline_at, market.zone),
    }
    told = text_to_number(msisdn, facts, "claim_received", to_number)
    return (*texts_to((payer, "claim_sent", to_payer)), told)
