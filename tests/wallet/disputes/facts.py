"""A dispute over a part of tests/wallet/contracts/facts.py's contract, and the facts around it."""

from datetime import datetime, timedelta
from typing import Any

from tests.facts import NOW
from tests.wallet.contracts.facts import OWN, contract_facts
from wallet.contracts.records import ContractMoved
from wallet.disputes.records import Dispute, DisputeMoved
from wallet.ledger.facts import Facts
from wallet.ledger.posting import Decision
from wallet.markets import MARKETS
from wallet.money import Money

DISPUTE = 88
TERMS = MARKETS["KE"].disputes
ANSWER, PERIOD, FINAL = (
    timedelta(seconds=each) for each in (TERMS.answer_s, TERMS.period_s, TERMS.final_s)
)
DUE = NOW + ANSWER  # of a dispute that has just been raised, or turned
PERIOD_END = NOW + PERIOD


def a_dispute(
    state: str = "raised",
    *,
    amount: int = 4_000,
    open_minor: int | None = None,
    due_at: datetime | None = DUE,
    payer_offer: int | None = None,
    payee_offer: int | None = None,
    contract_id: int = OWN,
) -> Dispute:
    """Over 40.00 of 100.00; closed, it was returned to the payer."""
    is_over = state == "closed"
    left = 0 if is_over else amount if open_minor is None else open_minor
    return Dispute(
        DISPUTE, contract_id, "KES", amount, left, 0, "damaged", state,
        None if is_over else due_at, PERIOD_END, payer_offer, payee_offer,
        "returned" if is_over else None, NOW, NOW if is_over else None,
    )  # fmt: skip


def dispute_facts(dispute: dict[str, Any] | None = {}, **facts: Any) -> Facts:  # noqa: B006 -- never changed
    """The facts of `contract_facts`, of which a part is disputed; `dispute` None: there is none."""
    found = None if dispute is None else a_dispute(**dispute)
    contract = facts.pop("contract", {})
    if contract is not None:
        frozen = 0 if found is None else found.open_minor
        contract = {"returned": 4_000 - frozen, "disputed": frozen, **contract}
    known = contract_facts(contract=contract, **facts)
    if found is not None:
        known.records[(Dispute, DISPUTE)] = found
    return known


def after(decision: Decision) -> Dispute:
    """The dispute as a decision leaves it."""
    (row,) = (row for row in decision.rows if isinstance(row, DisputeMoved))
    return row.dispute


def frozen_after(decision: Decision) -> int:
    """What is still frozen of the contract."""
    (row,) = (row for row in decision.rows if isinstance(row, ContractMoved))
    return row.contract.disputed_minor


def kes(minor: int | None) -> Money | None:
    return None if minor is None else Money("KES", minor)
