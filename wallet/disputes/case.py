"""What every act in a dispute has in common: who acts, how a part moves, what is told to whom."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from wallet.clock import reference
from wallet.contracts.moves import Moved, move
from wallet.contracts.records import Contract
from wallet.disputes.records import Dispute
from wallet.errors import Code, Refused
from wallet.ledger.facts import Facts, Holder
from wallet.ledger.posting import Moment, Posting, Text
from wallet.markets import DisputeTerms
from wallet.money import Money
from wallet.people.parties import check_sender, phone_of


@dataclass(frozen=True, slots=True)
class Case:
    """A dispute, its contract, and who acts on which side."""

    contract: Contract
    dispute: Dispute
    side: str
    actor: Holder

    @property
    def others_side(self) -> str:
        return "payee" if self.side == "payer" else "payer"


def dispute_in(contract: Contract, dispute_id: int, facts: Facts) -> Dispute:
    """Return a dispute of this contract. Raises `Refused` where it has no such one."""
    dispute = facts.record(Dispute, dispute_id)
    if dispute is None or dispute.contract_id != contract.id:
        raise Refused(Code.DISPUTE_UNKNOWN)
    return dispute


def dispute_needed(dispute_id: int | None) -> tuple[tuple[type[Dispute], int], ...]:
    """Return what a command needs that may name a dispute."""
    return () if dispute_id is None else ((Dispute, dispute_id),)


def part_of(
    contract: Contract, dispute: Dispute | None, amount: Money | None, facts: Facts
) -> Money:
    """Return what a release or a return moves: of the dispute named, or of the undisputed rest."""
    if dispute is None:
        return contract.part(amount)
    dispute.check_open(facts.now)
    return dispute.part(amount)


def dispute_answer(dispute: Dispute | None) -> dict[str, Any]:
    """Return what the answer of a release or a return tells of the dispute it named."""
    if dispute is None:
        return {}
    return {"dispute": reference(dispute.id), "disputed": dispute.open.json}


def case_of(contract_id: int, dispute_id: int, actor: int, facts: Facts) -> Case:
    """Return the case in which `actor` is a party. To a stranger it does not exist."""
    contract = facts.record(Contract, contract_id)
    if contract is None or actor not in {contract.payer_id, contract.payee_id}:
        raise Refused(Code.CONTRACT_UNKNOWN)
    side = "payer" if actor == contract.payer_id else "payee"
    check_sender(facts.holders[actor])
    return Case(contract, dispute_in(contract, dispute_id, facts), side, facts.holders[actor])


def terms_of(contract: Contract, facts: Facts) -> DisputeTerms:
    """Return the periods of the payer's market, whom disputes protect."""
    return facts.market(facts.holders[contract.payer_id]).disputes


def move_part(
    contract: Contract,
    dispute: Dispute,
    facts: Facts,
    kind: str,
    outcome: str,
    *,
    to_payee: Money | None = None,
    to_payer: Money | None = None,
    by_payee: bool = False,
    **changed: object,
) -> tuple[Moved, Dispute]:
    """Return the move of a disputed part, and the dispute after it; `changed` are its columns.

    `outcome` is how the dispute ends where nothing of it stays open.
    """
    nothing = Money(contract.currency, 0)
    to_payee, to_payer = to_payee or nothing, to_payer or nothing
    moved = move(
        contract,
        facts,
        kind,
        released=to_payee,
        returned=to_payer,
        by_payee=by_payee,
        disputed_minor=contract.disputed_minor - to_payee.minor - to_payer.minor,
    )
    row = dispute.moved(
        facts.now, outcome, to_payee=to_payee.minor, to_payer=to_payer.minor, **changed
    )
    return replace(moved, rows=(*moved.rows, row)), row.dispute


def act_posting(case: Case, kind: str) -> Posting:
    """Return the posting of an act that moves nothing: it belongs to the contract's timeline."""
    contract = case.contract
    other = contract.payee_id if case.side == "payer" else contract.payer_id
    return Posting(kind, (), case.actor.id, other, contract.id)


def act_answer(
    facts: Facts, kind: str, contract: Contract, dispute: Dispute, **more: object
) -> dict[str, Any]:
    """Return what an act is answered with, which is also what the timeline shows of it."""
    return {
        "reference": facts.reference,
        "kind": kind,
        "contract": reference(contract.id),
        "dispute": reference(dispute.id),
        "state": dispute.state,
        "disputed": dispute.open.json,
        "due_at": None if dispute.due_at is None else dispute.due_at.isoformat(),
        "outcome": dispute.outcome,
        **more,
        "posted_at": facts.now.isoformat(),
    }


def split_answer(to_payee: Money, to_payer: Money) -> dict[str, Any]:
    """Return a split as answers show it."""
    return {"to_payee": to_payee.json, "to_payer": to_payer.json}


def texts(
    contract: Contract,
    dispute: Dispute,
    facts: Facts,
    wordings: tuple[str, str],
    *,
    moved: Moved | None = None,
    split: tuple[Money, Money] | None = None,
    **values: str,
) -> tuple[Text, ...]:
    """Return what the payer and the payee are told, by their `wordings`, in that order.

    `split` is what the payee gets, and the payer; `values` are the same for both.
    """
    assert contract.payee_id is not None, contract
    payer, payee = facts.holders[contract.payer_id], facts.holders[contract.payee_id]
    to_payer: dict[str, str | Moment] = {"name": contract.merchant or payee.name}
    to_payee: dict[str, str | Moment] = {"name": payer.name, "phone": phone_of(payer)}
    if moved is not None and moved.payee_balance is not None:
        to_payer["balance"] = moved.payer_balance.shown
        to_payee["balance"] = moved.payee_balance.shown
        to_payee["fee"] = moved.charges.commission.shown
    if split is not None:
        payees, payers = split[0].shown, split[1].shown
        to_payer |= {"yours": payers, "theirs": payees}
        to_payee |= {"yours": payees, "theirs": payers}
    return tuple(
        Text(each.msisdn, each.language, wording, _common(each, dispute, facts) | own | values)
        for each, wording, own in ((payer, wordings[0], to_payer), (payee, wordings[1], to_payee))
        if each.msisdn is not None
    )


def _common(holder: Holder, dispute: Dispute, facts: Facts) -> dict[str, str | Moment]:
    market = facts.market(holder)
    found: dict[str, str | Moment] = {
        "reference": facts.reference,
        "service_code": market.service_code,
        "held": dispute.open.shown,
    }
    if dispute.due_at is not None:
        found["deadline"] = Moment(dispute.due_at, market.zone)
    return found
