"""Accept: one side takes the split that the other proposes, and the money moves at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from wallet.contracts.records import Contract
from wallet.disputes.case import act_answer, case_of, move_part, split_answer, texts
from wallet.disputes.records import Dispute
from wallet.errors import Code, Refused
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.posting import Decision
from wallet.money import Money
from wallet.people.pin import Pin, PinState, proven


@dataclass(frozen=True, slots=True)
class Command:
    """`actor` is either party. The amounts are named: a proposal may have changed meanwhile."""

    KIND: ClassVar[str] = "dispute_accept"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)
    contract_id: int
    dispute_id: int
    to_payee: Money | None
    to_payer: Money | None

    def needs(self) -> Needs:
        """The PIN is guarded; the contract brings the rest."""
        records = ((Contract, self.contract_id), (Dispute, self.dispute_id))
        return Needs(holders=(self.actor,), records=((PinState, self.actor), *records))


def decide(command: Command, facts: Facts) -> Decision:
    """Return the split, or raise the first refusal in `Code` order."""
    case = case_of(command.contract_id, command.dispute_id, command.actor, facts)
    contract, dispute = case.contract, case.dispute
    for amount in (command.to_payee, command.to_payer):
        contract.check_currency(amount)
    with proven(command.pin, case.actor, facts) as pin_rows:
        dispute.check_open(facts.now)
        dispute.next(case.side, "accept")
        nothing = Money(contract.currency, 0)
        split = (command.to_payee or nothing, command.to_payer or nothing)
        offer = dispute.offer(case.others_side)
        if offer is None:
            raise Refused(Code.PROPOSAL_CHANGED)
        if split != (offer, dispute.open - offer):
            raise Refused(Code.PROPOSAL_CHANGED, **split_answer(offer, dispute.open - offer))

        moved, after = move_part(
            contract,
            dispute,
            facts,
            "dispute_accept",
            "agreed",
            to_payee=split[0],
            to_payer=split[1],
            by_payee=case.side == "payee",
        )
        return Decision(
            moved.posting,
            answer=act_answer(facts, "dispute_accept", contract, after, **split_answer(*split)),
            texts=texts(
                contract,
                after,
                facts,
                ("dispute_agreed_payer", "dispute_agreed_payee"),
                moved=moved,
                split=split,
            ),
            rows=(*moved.rows, *pin_rows),
            then=moved.then,
        )
