"""Cash-in: an agent takes cash and gives e-money from their float. The customer pays no fee."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from wallet.errors import Code, Refused
from wallet.ledger.accounts import Kind
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.posting import Decision, Leg, Posting, Text
from wallet.money import Money
from wallet.people.agents import AgentRecord
from wallet.people.limits import Usage, check_cash_in
from wallet.people.parties import check_active, check_funds, party, phone_of, wallet_of
from wallet.people.pin import Pin, PinState, proven


@dataclass(frozen=True, slots=True)
class Command:
    """`actor` is the agent; `customer` is an MSISDN."""

    KIND: ClassVar[str] = "cash_in"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)
    customer: str
    amount: Money

    def needs(self) -> Needs:
        """The agent's PIN is guarded; float and wallet are locked."""
        return Needs(
            holders=(self.actor,),
            msisdns=(self.customer,),
            records=((PinState, self.actor), (AgentRecord, self.actor)),
            of_holders=(Usage,),
        )


def decide(command: Command, facts: Facts) -> Decision:
    """Return the posting, or raise the first refusal in `Code` order."""
    agent = facts.holders[command.actor]
    customer = facts.by_msisdn.get(command.customer)
    if customer is None:
        raise Refused(Code.RECEIVER_UNKNOWN)
    if customer.id == agent.id:
        raise Refused(Code.SAME_PARTIES)  # an agent may not print commission on their own wallet
    check_active(agent, customer)
    source = facts.account(agent.id, Kind.FLOAT, command.amount.currency)
    shop = facts.record(AgentRecord, agent.id)
    if shop is None or source is None:
        raise Refused(Code.NOT_AN_AGENT)
    wallet = wallet_of(facts, customer, command.amount.currency)
    with proven(command.pin, agent, facts) as pin_rows:
        received = check_cash_in(facts, customer, wallet, command.amount)
        check_funds(source, command.amount)

        left, balance = source.balance - command.amount, wallet.balance + command.amount
        assert agent.msisdn is not None
        assert customer.msisdn is not None
        common = {"reference": facts.reference, "amount": command.amount.shown}
        given = {**common, "name": shop.name or agent.name, "balance": balance.shown}
        taken = {
            **common,
            "name": customer.name,
            "phone": phone_of(customer),
            "balance": left.shown,
        }
        return Decision(
            Posting(
                "cash_in",
                (Leg(source, -command.amount), Leg(wallet, command.amount)),
                agent.id,
                customer.id,
            ),
            answer={
                "reference": facts.reference,
                "kind": "cash_in",
                "amount": command.amount.json,
                "fee": Money(command.amount.currency, 0).json,
                "balance": left.json,
                "receiver": party(customer),
                "posted_at": facts.now.isoformat(),
            },
            texts=(
                Text(customer.msisdn, customer.language, "cash_in", given),
                Text(agent.msisdn, agent.language, "cash_in_agent", taken),
            ),
            rows=(*received, *pin_rows),
        )
