"""What silence does to disputes, noticed by workers or by whoever looks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Engine, text

from wallet.database import read
from wallet.disputes import silence
from wallet.disputes.records import Dispute
from wallet.errors import Code
from wallet.ledger.due import Due, Timer

DUE_DISPUTES: Final = text("""
    SELECT id, contract_id, state
      FROM disputes   -- index disputes_due
     WHERE due_at <= :now AND id <> ALL(:resting)
     ORDER BY due_at
     LIMIT :limit
       FOR NO KEY UPDATE SKIP LOCKED
""")
DUE_DISPUTES_OF: Final = """
    SELECT contract_id, id, state
      FROM disputes
     WHERE contract_id = ANY(:contracts) AND due_at <= :now
"""


def silences_in(disputes: Iterable[Dispute], now: datetime) -> list[Due]:
    """Return what silence should have done by `now` to these disputes."""
    return [
        _due(each.contract_id, each.id, each.state)
        for each in disputes
        if each.due_at is not None and now >= each.due_at
    ]


def silences_of(engine: Engine, contracts: Sequence[int], now: datetime) -> list[Due]:
    """Return what silence should have done by `now` to the disputes of these contracts."""
    if not contracts:
        return []
    return [_due(*row) for row in read(engine, DUE_DISPUTES_OF, contracts=contracts, now=now)]


def _due(contract_id: int, dispute_id: int, state: str) -> Due:
    return silence.decide, silence.Command(contract_id, dispute_id, state)


DISPUTES: Final = Timer(
    "dispute",
    DUE_DISPUTES,
    lambda row: _due(row.contract_id, row.id, row.state),
    frozenset({Code.DISPUTE_CLOSED, Code.DISPUTE_NOT_DUE, Code.NOT_YOUR_TURN}),
)
