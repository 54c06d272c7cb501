"""Return: the payee gives held money back to the payer, in whole or in part, at once.

A disputed part is returned by naming its dispute, also after the contract's deadline.

The API calls it a return; the module does not, because `return` is a word of the language.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from wallet.clock import reference
from wallet.contracts.moves import move, party_to
from wallet.contracts.records import Contract
from wallet.disputes.case import dispute_answer, dispute_in, dispute_needed, move_part, part_of
from wallet.errors import Code, Refused
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.posting import Decision, Text
from wallet.money import Money
from wallet.people.parties import check_sender, phone_of
from wallet.people.pin import Pin, PinState, proven
from wallet.plans.records import check_no_plan


@dataclass(frozen=True, slots=True)
class Command:
    """`actor` is the payee. No `amount` means all that is held undisputed, or in the dispute."""

    KIND: ClassVar[str] = "return"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)
    contract_id: int
    amount: Money | None = None
    dispute_id: int | None = None

    def needs(self) -> Needs:
        """The payee's PIN is guarded; the contract brings the rest."""
        records = ((Contract, self.contract_id), *dispute_needed(self.dispute_id))
        return Needs(holders=(self.actor,), records=((PinState, self.actor), *records))


def decide(command: Command, facts: Facts) -> Decision:
    """Return the posting, or raise the first refusal in `Code` order."""
    contract, payee = party_to(command.contract_id, command.actor, "payee", facts)
    contract.check_currency(command.amount)
    check_sender(payee)
    dispute = None
    if command.dispute_id is not None:
        dispute = dispute_in(contract, command.dispute_id, facts)
    with proven(command.pin, payee, facts) as pin_rows:
        contract.check_open()
        if dispute is None and facts.now >= contract.deadline_at:
            raise Refused(Code.CONTRACT_PAST_DEADLINE)  # the rest is the payee's own by now
        part = part_of(contract, dispute, command.amount, facts)
        if part != contract.held:
            check_no_plan(contract)  # its merchant closes it whole: steps keep their worth

        payer = facts.holders[contract.payer_id]
        if dispute is None:
            moved = move(contract, facts, "return", returned=part, by_payee=True)
        else:
            moved, dispute = move_part(
                contract, dispute, facts, "return", "returned", to_payer=part, by_payee=True
            )
        common = {
            "reference": facts.reference,
            "amount": part.shown,
            "held": moved.contract.held.shown,
        }
        to_payer = {
            **common,
            "name": contract.merchant or payee.name,
            "balance": moved.payer_balance.shown,
        }
        to_payee = {**common, "name": payer.name, "phone": phone_of(payer)}
        return Decision(
            moved.posting,
            answer={
                "reference": facts.reference,
                "kind": "return",
                "amount": part.json,
                "held": moved.contract.held.json,
                "contract": reference(contract.id),
                **dispute_answer(dispute),
                "posted_at": facts.now.isoformat(),
            },
            texts=tuple(
                Text(holder.msisdn, holder.language, wording, values)
                for holder, wording, values in (
                    (payer, "returned_payer", to_payer),
                    (payee, "returned_payee", to_payee),
                )
                if holder.msisdn is not None
            ),
            rows=(*moved.rows, *pin_rows),
        )
