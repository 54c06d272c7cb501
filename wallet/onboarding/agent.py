"""A holder becomes an agent, who takes cash: a number that customers type, and an empty float."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wallet.errors import Code, Refused
from wallet.ledger.accounts import Kind
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.opening import new_accounts
from wallet.ledger.posting import Decision
from wallet.onboarding.joining import active_holder, free_number, joined
from wallet.people.agents import AGENT_DIGITS, AgentNumber, AgentRecord, NewAgent, candidates
from wallet.people.pin import PinState


@dataclass(frozen=True, slots=True)
class Command:
    """A holder gets an agent number and a float."""

    KIND: ClassVar[str] = "onboard_agent"

    actor: int
    key: UUID
    holder_id: int
    name: str

    def needs(self) -> Needs:
        """The holder, and who already has the numbers that may be given."""
        numbers = tuple((AgentNumber, each) for each in candidates(self.key, AGENT_DIGITS))
        own = ((PinState, self.holder_id), (AgentRecord, self.holder_id))
        return Needs(holders=(self.holder_id,), records=(*own, *numbers))


def decide(command: Command, facts: Facts) -> Decision:
    """Return the new agent, or raise the first refusal in `Code` order."""
    holder = active_holder(command.holder_id, facts)
    if facts.record(AgentRecord, holder.id) is not None:
        raise Refused(Code.ALREADY_REGISTERED)
    numbers = candidates(command.key, AGENT_DIGITS)
    number = free_number(numbers, {each for each in numbers if facts.record(AgentNumber, each)})
    currency = facts.market(holder).currency
    return joined(
        facts,
        command.KIND,
        holder,
        {"agent": number, "name": command.name, "currency": currency},
        (
            NewAgent(holder.id, number, command.name),
            *new_accounts(facts, holder.id, Kind.FLOAT, (currency,)),
        ),
    )
