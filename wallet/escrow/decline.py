"""Decline: the payee of an offer does not want it. All of the rest returns to the payer at once.

Only what was agreed directly is declined: a till's payment is returned, as it was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from wallet.clock import reference
from wallet.contracts.moves import move, party_to
from wallet.contracts.records import Contract
from wallet.contracts.texts import texts_to
from wallet.errors import Code, Refused
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.posting import Decision
from wallet.people.parties import check_sender, phone_of
from wallet.people.pin import Pin, PinState, proven


@dataclass(frozen=True, slots=True)
class Command:
    """`actor` is the payee."""

    KIND: ClassVar[str] = "decline"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)
    contract_id: int

    def needs(self) -> Needs:
        """The payee's PIN is guarded; the contract brings the rest."""
        records = ((PinState, self.actor), (Contract, self.contract_id))
        return Needs(holders=(self.actor,), records=records)


def decide(command: Command, facts: Facts) -> Decision:
    """Return the posting, or raise the first refusal in `Code` order."""
    contract, payee = party_to(command.contract_id, command.actor, "payee", facts)
    check_sender(payee)
    with proven(command.pin, payee, facts) as pin_rows:
        contract.check_open()
        if facts.now >= contract.deadline_at:
            raise Refused(Code.CONTRACT_PAST_DEADLINE)  # the rest is the payee's own by now
        part = contract.part(None)
        if contract.origin != "offer":
            raise Refused(Code.INCORRECT_STATE, state=contract.origin)

        payer = facts.holders[contract.payer_id]
        moved = move(contract, facts, "decline", returned=part, by_payee=True)
        common = {"reference": facts.reference, "amount": part.shown}
        to_payer = {
            **common,
            "name": payee.name,
            "phone": phone_of(payee),
            "balance": moved.payer_balance.shown,
        }
        to_payee = {**common, "name": payer.name, "phone": phone_of(payer)}
        return Decision(
            moved.posting,
            answer={
                "reference": facts.reference,
                "kind": "decline",
                "amount": part.json,
                "held": moved.contract.held.json,
                "contract": reference(contract.id),
                "posted_at": facts.now.isoformat(),
            },
            texts=texts_to(
                (payer, "declined_payer", to_payer), (payee, "declined_payee", to_payee)
            ),
            rows=(*moved.rows, *pin_rows),
        )
