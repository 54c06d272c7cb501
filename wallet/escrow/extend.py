"""Extend: the payee, whom the deadline favours, gives the payer more time; nobody else may.

To a later deadline, at most 90 days of the calendar after the contract was opened. A contract
that returns at its deadline is not extended: that would keep the payer from their own money.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

from wallet.clock import reference
from wallet.contracts.moves import party_to
from wallet.contracts.periods import check_days, deadline, latest
from wallet.contracts.records import Contract
from wallet.contracts.texts import Values, texts_to
from wallet.errors import Code, Refused
from wallet.ledger.facts import Facts, Holder, Needs
from wallet.ledger.posting import Decision, Moment, Posting, Text
from wallet.people.parties import check_sender
from wallet.people.pin import Pin, PinState, proven


@dataclass(frozen=True, slots=True)
class Command:
    """`actor` is the payee. Either a moment, or so many days later than the present deadline."""

    KIND: ClassVar[str] = "extend"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)
    contract_id: int
    deadline_at: datetime | None = None
    days: int | None = None

    def needs(self) -> Needs:
        """The payee's PIN is guarded; the contract brings the rest."""
        records = ((PinState, self.actor), (Contract, self.contract_id))
        return Needs(holders=(self.actor,), records=records)


def decide(command: Command, facts: Facts) -> Decision:
    """Return the new deadline, or raise the first refusal in `Code` order."""
    assert (command.deadline_at is None) != (command.days is None), command
    by_s = None if command.days is None else check_days(command.days, least=1)
    contract, payee = party_to(command.contract_id, command.actor, "payee", facts)
    check_sender(payee)
    with proven(command.pin, payee, facts) as pin_rows:
        contract.check_open()
        if facts.now >= contract.deadline_at:
            raise Refused(Code.CONTRACT_PAST_DEADLINE)
        zone = facts.market(payee).zone
        wanted = command.deadline_at
        if by_s is not None:
            wanted = deadline(contract.deadline_at, by_s, zone)
        assert wanted is not None
        last = latest(contract.opened_at, zone)
        if not contract.deadline_at < wanted <= last:
            raise Refused(
                Code.DEADLINE_OUT_OF_RANGE,
                after=contract.deadline_at.isoformat(),
                latest=last.isoformat(),
            )
        if contract.at_deadline != "release":
            raise Refused(Code.INCORRECT_STATE, state=contract.origin)

        until = wanted.astimezone(UTC)
        payer = facts.holders[contract.payer_id]
        return Decision(
            Posting("extend", (), payee.id, payer.id, contract.id),
            answer={
                "reference": facts.reference,
                "kind": "extend",
                "contract": reference(contract.id),
                "deadline_before": contract.deadline_at.isoformat(),
                "deadline_at": until.isoformat(),
                "posted_at": facts.now.isoformat(),
            },
            texts=_texts(facts, contract, payer, payee, until),
            rows=(contract.moved(facts.now, deadline_at=until), *pin_rows),
        )


def _texts(
    facts: Facts, contract: Contract, payer: Holder, payee: Holder, until: datetime
) -> tuple[Text, ...]:
    common = {"reference": facts.reference, "held": contract.held.shown}
    to_payer: Values = {
        **common,
        "name": contract.merchant or payee.name,
        "deadline": Moment(until, facts.market(payer).zone),
    }
    to_payee: Values = {
        **common,
        "name": payer.name,
        "deadline": Moment(until, facts.market(payee).zone),
    }
    return texts_to((payer, "extended_payer", to_payer), (payee, "extended_payee", to_payee))
