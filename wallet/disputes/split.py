"""Split: an operator decides a dispute on which the two could not agree, with a reason.

Above the market's amount it takes two operators. Who is party to the contract decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final
from uuid import UUID

from wallet.approvals.approve import Approvable
from wallet.contracts.records import Contract
from wallet.disputes.case import act_answer, dispute_in, move_part, split_answer, terms_of, texts
from wallet.disputes.records import Dispute
from wallet.errors import Code, Refused
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.posting import Decision
from wallet.money import Money


@dataclass(frozen=True, slots=True)
class Command:
    """`actor` is the operator who decides; `approved_by` the second, where one was asked."""

    KIND: ClassVar[str] = "dispute_decide"

    actor: int
    key: UUID
    contract_id: int
    dispute_id: int
    to_payee: Money | None
    to_payer: Money | None
    reason: str
    approved_by: int | None = None

    def needs(self) -> Needs:
        """The contract brings everything."""
        return Needs(records=((Contract, self.contract_id), (Dispute, self.dispute_id)))


def decide(command: Command, facts: Facts) -> Decision:
    """Return the split, or raise the first refusal in `Code` order."""
    contract = facts.record(Contract, command.contract_id)
    if contract is None:
        raise Refused(Code.CONTRACT_UNKNOWN)
    if {command.actor, command.approved_by} & {contract.payer_id, contract.payee_id}:
        raise Refused(Code.FORBIDDEN, reason="You are party to this dispute.")
    for amount in (command.to_payee, command.to_payer):
        contract.check_currency(amount)
    dispute = dispute_in(contract, command.dispute_id, facts)
    dispute.check_open(facts.now)
    dispute.next("operator", "decide")
    nothing = Money(contract.currency, 0)
    split = (command.to_payee or nothing, command.to_payer or nothing)
    dispute.check_split(*split)
    if command.approved_by is None and terms_of(contract, facts).needs_two(dispute.open):
        raise Refused(Code.APPROVAL_NEEDED)

    moved, after = move_part(
        contract,
        dispute,
        facts,
        "dispute_decide",
        "decided",
        to_payee=split[0],
        to_payer=split[1],
    )
    return Decision(
        moved.posting,
        answer=act_answer(
            facts,
            "dispute_decide",
            contract,
            after,
            **split_answer(*split),
            reason=command.reason,
        ),
        texts=texts(
            contract,
            after,
            facts,
            ("dispute_decided_payer", "dispute_decided_payee"),
            moved=moved,
            split=split,
            reason=command.reason,
        ),
        rows=moved.rows,
        then=moved.then,
    )


APPROVABLE: Final = Approvable(Command, decide)
