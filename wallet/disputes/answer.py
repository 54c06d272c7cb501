"""Answer: what a side says in a dispute. Concede a part or all, contest it, or propose a split.

Who may say what when is the table of wallet/disputes/records.py. Only conceding moves money, and
only the payee's own to the payer; what they do not concede counts as contested.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar, Final
from uuid import UUID

from wallet.contracts.records import Contract
from wallet.disputes.case import (
    Case,
    act_answer,
    act_posting,
    case_of,
    move_part,
    split_answer,
    terms_of,
    texts,
)
from wallet.disputes.records import (
    ANSWERED,
    CLOSED,
    LONGEST_TEXT,
    MOST_ATTACHMENTS,
    Attachment,
    Dispute,
)
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.posting import Decision, Text
from wallet.money import Money
from wallet.people.pin import Pin, PinState, proven

ACTS: Final = ("concede", "contest", "propose")


@dataclass(frozen=True, slots=True)
class Command:
    """`actor` is either party. `amount` is what is conceded, all where there is none.

    `to_payee` and `to_payer` are a proposal: together they must be what is open.
    """

    KIND: ClassVar[str] = "dispute_answer"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)
    contract_id: int
    dispute_id: int
    act: str
    amount: Money | None = None
    to_payee: Money | None = None
    to_payer: Money | None = None
    text: str | None = None
    attachments: tuple[Attachment, ...] = ()

    def needs(self) -> Needs:
        """The PIN is guarded; the contract brings the rest."""
        records = ((Contract, self.contract_id), (Dispute, self.dispute_id))
        return Needs(holders=(self.actor,), records=((PinState, self.actor), *records))


def decide(command: Command, facts: Facts) -> Decision:
    """Return the answer, or raise the first refusal in `Code` order."""
    assert command.act in ACTS, command
    assert len(command.text or "") <= LONGEST_TEXT, command
    assert len(command.attachments) <= MOST_ATTACHMENTS, command
    case = case_of(command.contract_id, command.dispute_id, command.actor, facts)
    for amount in (command.amount, command.to_payee, command.to_payer):
        case.contract.check_currency(amount)
    with proven(command.pin, case.actor, facts) as pin_rows:
        case.dispute.check_open(facts.now)
        following = case.dispute.next(case.side, command.act)
        after = _turned(case, following, facts)
        if command.act == "concede":
            decision = _concede(command, case, after, facts)
        elif command.act == "propose":
            decision = _propose(command, case, after, facts)
        else:
            decision = _say(command, case, after, facts)
        return replace(decision, rows=(*decision.rows, *pin_rows))


def _turned(case: Case, following: str, facts: Facts) -> Dispute:
    """Return the dispute in its next state; going round in one state buys no time."""
    if following == case.dispute.state:
        return case.dispute
    due_at = case.dispute.due_in(following, terms_of(case.contract, facts), facts.now)
    return replace(case.dispute, state=following, due_at=due_at)


def _concede(command: Command, case: Case, after: Dispute, facts: Facts) -> Decision:
    part = case.dispute.part(command.amount)
    moved, dispute = move_part(
        case.contract, after, facts, "dispute_concede", "conceded", to_payer=part, by_payee=True
    )
    if dispute.state == CLOSED:
        wordings, held = ("returned_payer", "returned_payee"), moved.contract.held
    else:
        wordings, held = ("dispute_conceded_payer", "dispute_conceded_payee"), dispute.open
    nothing = Money(part.currency, 0)
    return Decision(
        moved.posting,
        answer=act_answer(
            facts,
            "dispute_concede",
            case.contract,
            dispute,
            **split_answer(nothing, part),
            **_said(command),
        ),
        texts=texts(
            case.contract,
            dispute,
            facts,
            wordings,
            moved=moved,
            amount=part.shown,
            held=held.shown,
        ),
        rows=moved.rows,
    )


def _propose(command: Command, case: Case, after: Dispute, facts: Facts) -> Decision:
    nothing = Money(case.contract.currency, 0)
    split = (command.to_payee or nothing, command.to_payer or nothing)
    case.dispute.check_split(*split)
    offer = {f"{case.side}_offer_minor": split[0].minor}
    row = after.moved(facts.now, "agreed", **offer)
    return Decision(
        act_posting(case, "dispute_propose"),
        answer=act_answer(
            facts,
            "dispute_propose",
            case.contract,
            row.dispute,
            **split_answer(*split),
            **_said(command),
        ),
        texts=_proposal_texts(case, row.dispute, split, facts),
        rows=(row,),
    )


def _proposal_texts(
    case: Case, dispute: Dispute, split: tuple[Money, Money], facts: Facts
) -> tuple[Text, ...]:
    """Silence after the payee's answer has another end than silence of both."""
    wordings = ("dispute_proposed", "dispute_proposal")
    if dispute.state == ANSWERED:
        wordings = ("dispute_offered_payer", "dispute_offered_payee")
    elif case.side == "payee":
        wordings = ("dispute_proposal", "dispute_proposed")
    return texts(case.contract, dispute, facts, wordings, split=split)


def _say(command: Command, case: Case, after: Dispute, facts: Facts) -> Decision:
    row = after.moved(facts.now, "agreed")
    wordings = ("dispute_disagreed", "dispute_disagreed")
    if row.dispute.state == ANSWERED:
        wordings = ("dispute_contested_payer", "dispute_contested_payee")
    return Decision(
        act_posting(case, "dispute_contest"),
        answer=act_answer(facts, "dispute_contest", case.contract, row.dispute, **_said(command)),
        texts=texts(case.contract, row.dispute, facts, wordings, amount=row.dispute.open.shown),
        rows=(row,),
    )


def _said(command: Command) -> dict[str, object]:
    """Return the words and documents of an answer: an operator may have to decide by them."""
    return {
        "text": command.text,
        "attachments": [each.json for each in command.attachments],
    }
