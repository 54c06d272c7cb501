"""Visits: each confirmed visit pays one step of a prepaid plan to its merchant.

The payer confirms: themselves, with their PIN; or by a one-time code, asked for with their PIN and
handed to the merchant, who redeems it. Nothing is paid out before it is earned, and what is not
earned by the deadline is the payer's own again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

from wallet.clock import reference
from wallet.contracts.moves import Moved, move, party_to
from wallet.contracts.records import Contract
from wallet.contracts.texts import texts_to
from wallet.errors import Code, Refused
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.posting import Decision, Posting, Row, Text
from wallet.money import Money
from wallet.people.parties import check_active, check_sender, phone_of
from wallet.people.pin import Pin, PinState, proven
from wallet.plans.records import check_plan, next_step
from wallet.plans.visit_codes import CODE_LIFETIME, VisitCode


@dataclass(frozen=True, slots=True)
class Command:
    """`actor` is the payer, who confirms a visit."""

    KIND: ClassVar[str] = "visit"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)
    contract_id: int

    def needs(self) -> Needs:
        """The payer's PIN is guarded; the contract brings the rest."""
        records = ((PinState, self.actor), (Contract, self.contract_id))
        return Needs(holders=(self.actor,), records=records)


@dataclass(frozen=True, slots=True)
class AskCode:
    """`actor` is the payer. `code_mac` is of the code that `visit_codes` makes of the key."""

    KIND: ClassVar[str] = "visit_code"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)
    contract_id: int
    code_mac: bytes

    def needs(self) -> Needs:
        """The payer's PIN is guarded; the contract brings the rest."""
        records = ((PinState, self.actor), (Contract, self.contract_id))
        return Needs(holders=(self.actor,), records=records)


@dataclass(frozen=True, slots=True)
class Redeem:
    """`actor` is the merchant; what proves the payer's will is the code."""

    KIND: ClassVar[str] = "redeem_visit"

    actor: int
    key: UUID
    contract_id: int
    code_mac: bytes

    def needs(self) -> Needs:
        """The contract brings both parties; its code is locked after it."""
        return Needs(records=((Contract, self.contract_id), (VisitCode, self.contract_id)))


def decide(command: Command, facts: Facts) -> Decision:
    """Return the visit by the payer, or raise the first refusal in `Code` order."""
    contract, payer = party_to(command.contract_id, command.actor, "payer", facts)
    check_sender(payer)
    with proven(command.pin, payer, facts) as pin_rows:
        _check_usable(contract, facts)
        return _visit(contract, facts, command.KIND, pin_rows)


def decide_ask_code(command: AskCode, facts: Facts) -> Decision:
    """Return the new code, which ends the one before, or the first refusal in `Code` order."""
    contract, payer = party_to(command.contract_id, command.actor, "payer", facts)
    check_sender(payer)
    with proven(command.pin, payer, facts) as pin_rows:
        _check_usable(contract, facts)
        expires_at = min(facts.now + CODE_LIFETIME, contract.deadline_at)
        code = VisitCode(contract.id, command.code_mac, 0, facts.now, expires_at, None)
        return Decision(
            Posting(command.KIND, (), payer.id, contract.payee_id, contract.id),
            answer={
                "reference": facts.reference,
                "kind": command.KIND,
                "contract": reference(contract.id),
                "expires_at": expires_at.isoformat(),
                "posted_at": facts.now.isoformat(),
            },
            rows=(code, *pin_rows),
        )


def decide_redeem(command: Redeem, facts: Facts) -> Decision:
    """Return the visit by code, or raise the first refusal in `Code` order."""
    contract, payee = party_to(command.contract_id, command.actor, "payee", facts)
    check_active(payee, facts.holders[contract.payer_id])
    code = facts.record(VisitCode, contract.id)
    if code is None:
        raise Refused(Code.VISIT_CODE_EXPIRED)
    used = code.used(command.code_mac, facts.now)
    _check_usable(contract, facts)
    return _visit(contract, facts, command.KIND, (used,))


def _check_usable(contract: Contract, facts: Facts) -> None:
    contract.check_open()
    if facts.now >= contract.deadline_at:
        raise Refused(Code.CONTRACT_PAST_DEADLINE)
    check_plan(contract)


def _visit(contract: Contract, facts: Facts, kind: str, rows: tuple[Row, ...]) -> Decision:
    step, worth = next_step(contract)
    moved = move(contract, facts, kind, released=worth, steps_done=step)
    return Decision(
        moved.posting,
        answer={
            "reference": facts.reference,
            "kind": kind,
            "amount": worth.json,
            "held": moved.contract.held.json,
            "contract": reference(contract.id),
            "step": step,
            "steps": contract.steps,
            "posted_at": facts.now.isoformat(),
        },
        texts=_texts(moved, facts, step, worth),
        rows=(*moved.rows, *rows),
        then=moved.then,
    )


def _texts(moved: Moved, facts: Facts, step: int, worth: Money) -> tuple[Text, ...]:
    contract = moved.contract
    assert contract.payee_id is not None
    assert moved.payee_balance is not None
    payer, payee = facts.holders[contract.payer_id], facts.holders[contract.payee_id]
    common: dict[str, Any] = {
        "reference": facts.reference,
        "amount": worth.shown,
        "step": str(step),
        "steps": str(contract.steps),
    }
    to_payer = {**common, "name": contract.merchant or payee.name, "held": contract.held.shown}
    to_payee = {
        **common,
        "name": payer.name,
        "phone": phone_of(payer),
        "fee": moved.charges.commission.shown,
        "balance": moved.payee_balance.shown,
    }
    return texts_to((payer, "visit_payer", to_payer), (payee, "visit_payee", to_payee))
