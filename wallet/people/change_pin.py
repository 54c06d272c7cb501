"""Change a PIN, or choose the first one: behind the same lock as money, which it guards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from wallet.errors import Code, Refused
from wallet.ledger.facts import Facts, Holder, Needs
from wallet.ledger.posting import Decision, Posting, Text
from wallet.people.holders import answer_about
from wallet.people.pin import Pin, PinState, new_pin, pin_of, proven
from wallet.people.prove_pin import Proof


@dataclass(frozen=True, slots=True)
class Command:
    """`pin` is the present one. None where none was ever set, or `proof_id` stands for it."""

    KIND: ClassVar[str] = "change_pin"

    actor: int
    key: UUID
    pin: Pin | None = field(compare=False)
    chosen: Pin
    proof_id: int | None = None

    def needs(self) -> Needs:
        """The holder's own row, and the proof."""
        records = () if self.proof_id is None else ((Proof, self.proof_id),)
        return Needs(holders=(self.actor,), records=((PinState, self.actor), *records))


def decide(command: Command, facts: Facts) -> Decision:
    """Return the new verifier, or raise the first refusal in `Code` order."""
    holder = facts.holders[command.actor]
    if holder.status == "closed":
        raise Refused(Code.SENDER_CLOSED)
    if pin_of(holder, facts).mac is None or _is_proven(command, holder, facts):
        return _changed(command, holder, facts)
    if command.pin is None:
        raise Refused(Code.PIN_WRONG)
    with proven(command.pin, holder, facts):
        return _changed(command, holder, facts)


def _changed(command: Command, holder: Holder, facts: Facts) -> Decision:
    row = new_pin(command.chosen, holder, facts)
    texts: tuple[Text, ...] = ()
    if holder.msisdn is not None:
        texts = (Text(holder.msisdn, holder.language, "pin_changed", {}),)
    return Decision(
        Posting("change_pin", sender_id=holder.id),
        answer=answer_about("change_pin", facts, holder),
        texts=texts,
        rows=(row,),
    )


def _is_proven(command: Command, holder: Holder, facts: Facts) -> bool:
    if command.proof_id is None:
        return False
    proof = facts.record(Proof, command.proof_id)
    return proof is not None and proof.holds(holder, facts)
