"""Silence: what comes of a dispute when the time of those whose turn it is has run out.

It happens once, whoever notices first: the key follows from the dispute and the state it was in.
A late notice changes nothing but the moment: the next period counts from when this one ended.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final
from uuid import UUID, uuid5

from wallet.contracts.records import Contract
from wallet.disputes.case import act_answer, dispute_in, move_part, split_answer, terms_of, texts
from wallet.disputes.records import ANSWERED, ESCALATED, RAISED, Dispute
from wallet.errors import Code, Refused
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.poster import WORKER
from wallet.ledger.posting import Decision, Posting
from wallet.markets import DisputeTerms
from wallet.money import Money

_SILENCE: Final = UUID("3a0b6b1e-7f0b-4a5e-8f3a-0d1c8f4f5b02")
_BPS: Final = 10_000
_OUTCOMES: Final = {RAISED: "payee_silent", ANSWERED: "payer_silent", ESCALATED: "defaulted"}


@dataclass(frozen=True, slots=True)
class Command:
    """The time of `state` is over."""

    KIND: ClassVar[str] = "dispute_due"

    contract_id: int
    dispute_id: int
    state: str
    actor: int = WORKER

    @property
    def key(self) -> UUID:
        """The same for every worker that notices: no state comes twice."""
        return uuid5(_SILENCE, f"{self.dispute_id}:{self.state}")

    def needs(self) -> Needs:
        """The contract brings everything."""
        return Needs(records=((Contract, self.contract_id), (Dispute, self.dispute_id)))


def decide(command: Command, facts: Facts) -> Decision:
    """Return what silence leads to, or why it does not (or no longer) lead anywhere."""
    contract = facts.record(Contract, command.contract_id)
    if contract is None:
        raise Refused(Code.CONTRACT_UNKNOWN)
    dispute = dispute_in(contract, command.dispute_id, facts)
    if dispute.due_at is None:
        raise Refused(Code.DISPUTE_CLOSED, outcome=dispute.outcome)
    if facts.now < dispute.due_at:
        raise Refused(Code.DISPUTE_NOT_DUE, due_at=dispute.due_at.isoformat())
    if command.state != dispute.state:
        raise Refused(Code.NOT_YOUR_TURN, state=dispute.state)
    if dispute.next("nobody", "silence") == ESCALATED:
        return _escalated(contract, dispute, facts)
    return _ended(contract, dispute, facts)


def _escalated(contract: Contract, dispute: Dispute, facts: Facts) -> Decision:
    assert dispute.due_at is not None
    due_at = dispute.due_in(ESCALATED, terms_of(contract, facts), dispute.due_at)
    # Nobody but an operator splits it from here on.
    after = replace(
        dispute, state=ESCALATED, due_at=due_at, payer_offer_minor=None, payee_offer_minor=None
    )
    row = after.moved(facts.now, "decided")
    return Decision(
        Posting("dispute_due", (), contract.payer_id, contract.payee_id, contract.id),
        answer=act_answer(facts, "dispute_due", contract, row.dispute),
        texts=texts(
            contract,
            row.dispute,
            facts,
            ("dispute_escalated", "dispute_escalated"),
            amount=dispute.open.shown,
        ),
        rows=(row,),
    )


def _ended(contract: Contract, dispute: Dispute, facts: Facts) -> Decision:
    outcome = _OUTCOMES[dispute.state]
    split = _split(dispute, terms_of(contract, facts))
    moved, after = move_part(
        contract, dispute, facts, "dispute_due", outcome, to_payee=split[0], to_payer=split[1]
    )
    return Decision(
        moved.posting,
        answer=act_answer(facts, "dispute_due", contract, after, **split_answer(*split)),
        texts=texts(
            contract,
            after,
            facts,
            (f"dispute_{outcome}_payer", f"dispute_{outcome}_payee"),
            moved=moved,
            split=split,
        ),
        rows=moved.rows,
        then=moved.then,
    )


def _split(dispute: Dispute, terms: DisputeTerms) -> tuple[Money, Money]:
    """Return what the payee gets, and the payer."""
    nothing = Money(dispute.currency, 0)
    if dispute.state == RAISED:
        return nothing, dispute.open
    if dispute.state == ANSWERED:
        return dispute.open, nothing
    to_payee = Money(dispute.currency, dispute.open_minor * terms.default_to_payee_bps // _BPS)
    return to_payee, dispute.open - to_payee
