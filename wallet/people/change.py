"""Changes to a holder that move no money: PIN, language, status, tier. Sign-in proves a PIN.

They go through the poster like money does, because they guard it: the same lock, the same
replay, the same order, and each leaves a posting without entries as its audit trail.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

from wallet.errors import Code, Refused
from wallet.ledger.facts import Facts, Holder, Needs
from wallet.ledger.posting import Decision, Posting, Text
from wallet.people.holders import HolderChanged
from wallet.people.pin import Pin, PinState, check_pin, new_pin, pin_of
from wallet.people.proofs import Proof
from wallet.people.ties import Engagements


@dataclass(frozen=True, slots=True)
class ChangePin:
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


@dataclass(frozen=True, slots=True)
class ProvePin:
    """Sign-in asks whether the PIN is right."""

    KIND: ClassVar[str] = "sign_in"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)

    def needs(self) -> Needs:
        """The holder's own row."""
        return Needs(holders=(self.actor,), records=((PinState, self.actor),))


@dataclass(frozen=True, slots=True)
class ChangeHolder:
    """What is None stays as it is. Status and tier are the operator's to change."""

    KIND: ClassVar[str] = "change_holder"

    actor: int
    key: UUID
    holder_id: int
    language: str | None = None
    status: str | None = None
    tier: int | None = None

    def needs(self) -> Needs:
        """The holder's own row, and with the accounts' locks an end to payments under way."""
        closes = self.status == "closed"
        records = ((Engagements, self.holder_id),) if closes else ()
        return Needs(holders=(self.holder_id,), records=((PinState, self.holder_id), *records))


def decide_change_pin(command: ChangePin, facts: Facts) -> Decision:
    """Return the new verifier, or raise the first refusal in `Code` order."""
    holder = facts.holders[command.actor]
    if holder.status == "closed":
        raise Refused(Code.SENDER_CLOSED)
    if pin_of(holder, facts).mac is not None and not _is_proven(command, holder, facts):
        if command.pin is None:
            raise Refused(Code.PIN_WRONG)
        check_pin(command.pin, holder, facts)
    row = new_pin(command.chosen, holder, facts)
    return Decision(
        Posting("change_pin", sender_id=holder.id),
        answer=_answer("change_pin", facts, holder),
        texts=_texts(holder, "pin_changed", {}),
        rows=(row,),
    )


def _is_proven(command: ChangePin, holder: Holder, facts: Facts) -> bool:
    if command.proof_id is None:
        return False
    proof = facts.record(Proof, command.proof_id)
    return proof is not None and proof.holds(holder, facts)


def decide_prove_pin(command: ProvePin, facts: Facts) -> Decision:
    """Return proof of the PIN, or raise the first refusal in `Code` order."""
    holder = facts.holders[command.actor]
    if holder.status == "closed":
        raise Refused(Code.SENDER_CLOSED)
    rows = check_pin(command.pin, holder, facts)
    return Decision(
        Posting("sign_in", sender_id=holder.id),
        answer=_answer("sign_in", facts, holder),
        rows=rows,
    )


def decide_change_holder(command: ChangeHolder, facts: Facts) -> Decision:
    """Return the changed holder, or raise the first refusal in `Code` order."""
    holder = facts.holder(command.holder_id)
    if holder is None:
        raise Refused(Code.NOT_FOUND)
    market = facts.market(holder)
    if command.status not in {None, "active", "frozen", "closed"}:
        raise Refused(Code.FORMAT_ERROR, field="status")
    if command.tier is not None and not 0 <= command.tier < len(market.limits[market.currency]):
        raise Refused(Code.FORMAT_ERROR, field="tier")
    if command.language is not None and command.language not in market.languages:
        raise Refused(Code.LANGUAGE_NOT_SUPPORTED, languages=list(market.languages))
    if holder.status == "closed":
        raise Refused(Code.INCORRECT_STATE, state=holder.status)
    if command.status == "closed" and any(
        account.balance_minor for account in facts.accounts.values()
        if account.holder_id == holder.id
    ):  # fmt: skip
        raise Refused(Code.INCORRECT_STATE, state="balance_not_zero")
    ties = facts.record(Engagements, holder.id)
    if command.status == "closed" and ties is not None and ties.tied is not None:
        raise Refused(Code.INCORRECT_STATE, state=ties.tied)
    row = HolderChanged(
        holder.id,
        command.status or holder.status,
        command.language or holder.language,
        holder.tier if command.tier is None else command.tier,
    )
    texts: tuple[Text, ...] = ()
    if command.language is not None and holder.msisdn is not None:
        values = {"service_code": market.service_code}
        texts = (Text(holder.msisdn, command.language, "language_changed", values),)
    answer = _answer("change_holder", facts, holder)
    answer.update(status=row.status, language=row.language, tier=row.tier)
    return Decision(
        Posting("change_holder", receiver_id=holder.id), answer=answer, texts=texts, rows=(row,)
    )


def _answer(kind: str, facts: Facts, holder: Holder) -> dict[str, Any]:
    posted = facts.now.isoformat()
    return {"reference": facts.reference, "kind": kind, "name": holder.name, "posted_at": posted}


def _texts(holder: Holder, wording: str, values: dict[str, str]) -> tuple[Text, ...]:
    if holder.msisdn is None:
        return ()
    return (Text(holder.msisdn, holder.language, wording, values),)
