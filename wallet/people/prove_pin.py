"""Prove a PIN: signing in asks whether it is right, and a change of PIN on USSD.

There the present PIN and the new one come on a screen each, and no PIN is stored in between: the
posting that proved the present one is named instead, for some minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Final
from uuid import UUID

from wallet.errors import Code, Refused
from wallet.ledger.facts import Facts, Holder, Needs
from wallet.ledger.posting import Decision, Posting
from wallet.ledger.rows import ReadRow, record
from wallet.people.holders import answer_about
from wallet.people.pin import Pin, PinState, check_pin

LIFETIME: Final = timedelta(minutes=5)


# Postings never change, so they need no lock.
@record("postings", holder_id="actor_id", proven_at="posted_at", lock=False)
@dataclass(frozen=True, slots=True)
class Proof(ReadRow):
    """A posting of this flow: who proved their PIN, and when."""

    id: int
    kind: str
    holder_id: int
    proven_at: datetime

    RANK: ClassVar[int] = 150

    def holds(self, holder: Holder, facts: Facts) -> bool:
        """Tell whether it proves that this holder knew their PIN just now."""
        is_theirs = self.kind == "sign_in" and self.holder_id == holder.id
        return is_theirs and facts.now - self.proven_at <= LIFETIME


@dataclass(frozen=True, slots=True)
class Command:
    """Sign-in asks whether the PIN is right."""

    KIND: ClassVar[str] = "sign_in"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)

    def needs(self) -> Needs:
        """The holder's own row."""
        return Needs(holders=(self.actor,), records=((PinState, self.actor),))


def decide(command: Command, facts: Facts) -> Decision:
    """Return proof of the PIN, or raise the first refusal in `Code` order."""
    holder = facts.holders[command.actor]
    if holder.status == "closed":
        raise Refused(Code.SENDER_CLOSED)
    rows = check_pin(command.pin, holder, facts)
    return Decision(
        Posting("sign_in", sender_id=holder.id),
        answer=answer_about("sign_in", facts, holder),
        rows=rows,
    )
