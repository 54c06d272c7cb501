"""Register: a phone number becomes a holder with a wallet in the market's currency.

By the person (API or USSD, `actor` is the worker's 0), or by an agent, in whose case the person
chooses the PIN on their own phone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from wallet.errors import Code, Refused
from wallet.ledger.accounts import Account, Kind
from wallet.ledger.facts import Facts, Holder, Needs
from wallet.ledger.posting import Decision, NewAccount, Posting, Row, Text
from wallet.people.agents import AgentRecord
from wallet.people.holders import NewHolder
from wallet.people.parties import check_sender
from wallet.people.pin import Pin, new_pin


@dataclass(frozen=True, slots=True)
class Command:
    """`market` is the country of the number; `agent_id` the agent who registers, if one does."""

    KIND: ClassVar[str] = "register"

    actor: int
    key: UUID
    pin: Pin | None = field(compare=False)
    msisdn: str
    name: str
    language: str
    market: str
    agent_id: int | None = None
    tier: int = 0

    def needs(self) -> Needs:
        """The number, to see whether it is taken, and the agent."""
        if self.agent_id is None:
            return Needs(msisdns=(self.msisdn,))
        records = ((AgentRecord, self.agent_id),)
        return Needs(msisdns=(self.msisdn,), holders=(self.agent_id,), records=records)


def decide(command: Command, facts: Facts) -> Decision:
    """Return the new holder, or raise the first refusal in `Code` order."""
    market = facts.markets[command.market]
    if command.language not in market.languages:
        raise Refused(Code.LANGUAGE_NOT_SUPPORTED, languages=list(market.languages))
    if command.msisdn in facts.by_msisdn:
        raise Refused(Code.ALREADY_REGISTERED)
    agent_name = None if command.agent_id is None else _agent_name(command.agent_id, facts)

    holder = Holder(
        facts.id, command.msisdn, command.name, command.language, command.market, command.tier,
        "active",
    )  # fmt: skip
    rows: list[Row] = [
        NewHolder(holder, facts.now, command.agent_id),
        NewAccount(Account(facts.new_id(), holder.id, Kind.WALLET, market.currency), facts.now),
    ]
    if command.pin is not None:
        rows.append(new_pin(command.pin, holder, facts))
    values = {"name": holder.name, "service_code": market.service_code}
    wording = "welcome"
    if agent_name is not None:
        wording, values["agent"] = "registered_by_agent", agent_name
    return Decision(
        Posting("register", receiver_id=holder.id),
        answer={
            "reference": facts.reference,
            "kind": "register",
            "holder_id": facts.reference,
            "msisdn": holder.msisdn,
            "name": holder.name,
            "language": holder.language,
            "market": holder.market,
            "tier": holder.tier,
            "pin_set": command.pin is not None,
        },
        texts=(Text(command.msisdn, holder.language, wording, values),),
        rows=tuple(rows),
    )


def _agent_name(agent_id: int, facts: Facts) -> str:
    """Return the name on the agent's door. Raises `Refused` where there is no such agent."""
    holder, agent = facts.holders[agent_id], facts.record(AgentRecord, agent_id)
    check_sender(holder)
    if agent is None:
        raise Refused(Code.NOT_AN_AGENT)
    return agent.name or holder.name
