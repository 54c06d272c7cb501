"""A holder becomes one of the operator's staff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wallet.ledger.facts import Facts, Needs
from wallet.ledger.posting import Decision
from wallet.onboarding.joining import active_holder, joined
from wallet.onboarding.records import NewOperator
from wallet.people.pin import PinState


@dataclass(frozen=True, slots=True)
class Command:
    """A holder becomes one of the operator's staff."""

    KIND: ClassVar[str] = "onboard_operator"

    actor: int
    key: UUID
    holder_id: int

    def needs(self) -> Needs:
        """The holder."""
        return Needs(holders=(self.holder_id,), records=((PinState, self.holder_id),))


def decide(command: Command, facts: Facts) -> Decision:
    """Return the new operator, or raise the first refusal in `Code` order."""
    holder = active_holder(command.holder_id, facts)
    return joined(facts, command.KIND, holder, {"name": holder.name}, (NewOperator(holder.id),))
