"""Return: the payee gives held money back to the payer, in whole or in part, at once.

The API calls it a return; the module does not, because `return` is a word of the language.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wallet.clock import reference
from wallet.errors import Code, Refused
from wallet.escrow.contracts import Contract
from wallet.flows.parties import check_sender, phone_of
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.posting import Decision, Leg, Posting, Text
from wallet.money import Money
from wallet.people.pin import Pin, check_pin


@dataclass(frozen=True, slots=True)
class Command:
    """`actor` is the payee. No `amount` means all that is held."""

    KIND: ClassVar[str] = "return"

    actor: int
    key: UUID
    pin: Pin
    contract_id: int
    amount: Money | None = None

    def needs(self) -> Needs:
        """The payee's PIN is guarded; the contract brings the rest."""
        return Needs(guarded=(self.actor,), records=((Contract, self.contract_id),))


def decide(command: Command, facts: Facts) -> Decision:
    """Return the posting, or raise the first refusal in `Code` order."""
    contract = facts.record(Contract, command.contract_id)
    if contract is None:
        raise Refused(Code.CONTRACT_UNKNOWN)
    payee = facts.holders[command.actor]
    if contract.payee_id != payee.id:
        known = contract.payer_id == payee.id
        raise Refused(Code.NOT_A_PARTY if known else Code.CONTRACT_UNKNOWN)
    contract.check_currency(command.amount)
    check_sender(payee)
    pin_rows = check_pin(command.pin, payee, facts)
    contract.check_open()
    if facts.now >= contract.deadline_at:
        raise Refused(Code.CONTRACT_PAST_DEADLINE)  # the rest is the payee's own by now
    part = contract.part(command.amount)

    payer = facts.holders[contract.payer_id]
    own, payer_account, _ = contract.accounts(facts)
    row = contract.returned(part, facts.now)
    common = {
        "reference": facts.reference,
        "amount": part.shown,
        "held": row.contract.held.shown,
    }
    balance = (payer_account.balance + part).shown
    to_payer = {**common, "name": contract.merchant or payee.name, "balance": balance}
    to_payee = {**common, "name": payer.name, "phone": phone_of(payer)}
    return Decision(
        Posting("return", (Leg(own, -part), Leg(payer_account, part)), payee.id, payer.id),
        answer={
            "reference": facts.reference,
            "kind": "return",
            "amount": part.json,
            "held": row.contract.held.json,
            "contract": reference(contract.id),
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
        rows=(row, *pin_rows),
    )
