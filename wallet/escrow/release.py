"""Release: held money goes to the payee. By the payer, early; or by itself, at the deadline.

The payer may release in whole or in part, as often as they like, a disputed part by naming its
dispute; each act is irrevocable. At the deadline the rest goes to the payee exactly once, whoever
notices first; or back to the payer, where that was agreed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final
from uuid import UUID, uuid5

from wallet.clock import reference
from wallet.contracts.moves import Moved, move, party_to
from wallet.contracts.records import Contract
from wallet.disputes.case import dispute_answer, dispute_in, dispute_needed, move_part, part_of
from wallet.disputes.records import Dispute
from wallet.errors import Code, Refused
from wallet.escrow.expiry import expired
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.poster import WORKER
from wallet.ledger.posting import Decision, Text
from wallet.money import Money
from wallet.people.parties import check_sender, phone_of
from wallet.people.pin import Pin, PinState, proven
from wallet.plans.records import check_no_plan

_DUE: Final = UUID("7a0c6f1e-3a55-4a0e-9a53-52b3f1b2a901")


@dataclass(frozen=True, slots=True)
class Command:
    """`actor` is the payer. No `amount` means all that is held undisputed, or in the dispute."""

    KIND: ClassVar[str] = "release"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)
    contract_id: int
    amount: Money | None = None
    dispute_id: int | None = None

    def needs(self) -> Needs:
        """The payer's PIN is guarded; the contract brings the rest."""
        records = ((Contract, self.contract_id), *dispute_needed(self.dispute_id))
        return Needs(holders=(self.actor,), records=((PinState, self.actor), *records))


@dataclass(frozen=True, slots=True)
class Due:
    """The deadline has come. Its key follows from the contract, so it happens once."""

    KIND: ClassVar[str] = "release_due"

    contract_id: int
    actor: int = WORKER

    @property
    def key(self) -> UUID:
        """The same for every worker that notices."""
        return uuid5(_DUE, str(self.contract_id))

    def needs(self) -> Needs:
        """The contract brings everything."""
        return Needs(records=((Contract, self.contract_id),))


def decide(command: Command, facts: Facts) -> Decision:
    """Return the release by the payer, or raise the first refusal in `Code` order."""
    contract, payer = party_to(command.contract_id, command.actor, "payer", facts)
    if contract.payee_id is None:
        raise Refused(Code.INCORRECT_STATE, state="not_claimed")
    contract.check_currency(command.amount)
    check_sender(payer)
    dispute = None
    if command.dispute_id is not None:
        dispute = dispute_in(contract, command.dispute_id, facts)
    with proven(command.pin, payer, facts) as pin_rows:
        contract.check_open()
        part = part_of(contract, dispute, command.amount, facts)
        check_no_plan(contract)
        return _release(contract, part, facts, "release", pin_rows, dispute)


def decide_due(command: Due, facts: Facts) -> Decision:
    """Return the release at the deadline, or why it is not (or no longer) to be done."""
    contract = facts.record(Contract, command.contract_id)
    if contract is None:
        raise Refused(Code.CONTRACT_UNKNOWN)
    contract.check_open()
    if facts.now < contract.deadline_at:
        raise Refused(Code.CONTRACT_NOT_DUE, deadline_at=contract.deadline_at.isoformat())
    if not contract.rest.is_positive:
        raise contract.more_than_held()
    if contract.at_deadline == "return":
        return expired(contract, facts)
    return _release(contract, contract.rest, facts, "release_due", ())


def _release(
    contract: Contract,
    part: Money,
    facts: Facts,
    kind: str,
    pin_rows: tuple[Any, ...],
    dispute: Dispute | None = None,
) -> Decision:
    if dispute is None:
        moved = move(contract, facts, kind, released=part)
    else:
        moved, dispute = move_part(contract, dispute, facts, kind, "released", to_payee=part)
    return Decision(
        moved.posting,
        answer={
            "reference": facts.reference,
            "kind": kind,
            "amount": part.json,
            "held": moved.contract.held.json,
            "contract": reference(contract.id),
            **dispute_answer(dispute),
            "posted_at": facts.now.isoformat(),
        },
        texts=_texts(moved, facts, kind, part),
        rows=(*moved.rows, *pin_rows),
        then=moved.then,
    )


def _texts(moved: Moved, facts: Facts, kind: str, part: Money) -> tuple[Text, ...]:
    contract = moved.contract
    assert contract.payee_id is not None
    assert moved.payee_balance is not None
    payer, payee = facts.holders[contract.payer_id], facts.holders[contract.payee_id]
    stem = "released" if kind == "release" else "released_at_deadline"
    common = {
        "reference": facts.reference,
        "amount": part.shown,
        "held": contract.held.shown,
    }
    to_payer = {**common, "name": contract.merchant or payee.name}
    to_payee = {
        **common,
        "name": payer.name,
        "phone": phone_of(payer),
        "fee": moved.charges.commission.shown,
        "balance": moved.payee_balance.shown,
    }
    return tuple(
        Text(holder.msisdn, holder.language, wording, values)
        for holder, wording, values in (
            (payer, f"{stem}_payer", to_payer),
            (payee, f"{stem}_payee", to_payee),
        )
        if holder.msisdn is not None
    )
