"""Dispute: before the deadline the payer freezes a part of what is held, with a reason.

The rest keeps its course. The payee has the market's answering time; silence returns the part.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from wallet.contracts.moves import party_to
from wallet.contracts.records import Contract
from wallet.disputes.case import act_answer, terms_of, texts
from wallet.disputes.records import (
    LONGEST_TEXT,
    MOST_ATTACHMENTS,
    RAISED,
    REASONS,
    Attachment,
    Dispute,
    Disputed,
    NewDispute,
)
from wallet.errors import Code, Refused
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.posting import Decision, Posting
from wallet.money import Money
from wallet.people.parties import check_sender
from wallet.people.pin import Pin, PinState, proven


@dataclass(frozen=True, slots=True)
class Command:
    """`actor` is the payer. No `amount` means all that is held and not yet disputed."""

    KIND: ClassVar[str] = "dispute"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)
    contract_id: int
    reason_code: str
    amount: Money | None = None
    text: str | None = None
    attachments: tuple[Attachment, ...] = ()

    def needs(self) -> Needs:
        """The payer's PIN is guarded; the contract brings the rest."""
        records = ((Contract, self.contract_id), (Disputed, self.contract_id))
        return Needs(holders=(self.actor,), records=((PinState, self.actor), *records))


def decide(command: Command, facts: Facts) -> Decision:
    """Return the dispute, or raise the first refusal in `Code` order."""
    assert command.reason_code in REASONS, command
    assert len(command.text or "") <= LONGEST_TEXT, command
    assert len(command.attachments) <= MOST_ATTACHMENTS, command
    contract, payer = party_to(command.contract_id, command.actor, "payer", facts)
    contract.check_currency(command.amount)
    check_sender(payer)
    with proven(command.pin, payer, facts) as pin_rows:
        contract.check_open()
        if facts.now >= contract.deadline_at:
            raise Refused(Code.CONTRACT_PAST_DEADLINE)  # the rest is the payee's own by now
        part = contract.part(command.amount)
        if contract.payee_id is None or contract.at_deadline != "release":
            # Nobody to answer, or it comes back to the payer by itself.
            raise Refused(Code.INCORRECT_STATE, state="returns_by_itself")
        disputed = facts.record(Disputed, contract.id)
        assert disputed is not None, contract
        disputed.check()

        dispute = _raised(contract, part, command.reason_code, facts)
        moved = contract.moved(facts.now, disputed_minor=contract.disputed_minor + part.minor)
        return Decision(
            Posting("dispute", (), payer.id, contract.payee_id, contract.id),
            answer=act_answer(
                facts,
                "dispute",
                contract,
                dispute,
                reason_code=command.reason_code,
                text=command.text,
                attachments=[each.json for each in command.attachments],
                held=contract.held.json,
            ),
            texts=texts(
                contract,
                dispute,
                facts,
                ("dispute_raised_payer", "dispute_raised_payee"),
                amount=part.shown,
            ),
            rows=(moved, NewDispute(dispute, command.text, command.attachments), *pin_rows),
        )


def _raised(contract: Contract, part: Money, reason_code: str, facts: Facts) -> Dispute:
    terms = terms_of(contract, facts)
    return Dispute(
        id=facts.id,
        contract_id=contract.id,
        currency=contract.currency,
        amount_minor=part.minor,
        open_minor=part.minor,
        released_minor=0,
        reason_code=reason_code,
        state=RAISED,
        due_at=facts.now + timedelta(seconds=terms.answer_s),
        period_ends_at=facts.now + timedelta(seconds=terms.period_s),
        payer_offer_minor=None,
        payee_offer_minor=None,
        outcome=None,
        opened_at=facts.now,
        closed_at=None,
    )
