"""Waiting refunds that their merchant's settlement balance covers by now: the oldest of each first.

The posting's key follows from the refund.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from wallet.errors import Code
from wallet.jobs import SHORTLY_S, timer_job
from wallet.ledger.due import Timer
from wallet.refunds.refund import Covered, decide_covered

COVERED: Final = text("""
    SELECT f.id, f.merchant_id
      FROM (SELECT DISTINCT ON (merchant_id, currency) id, merchant_id, currency, amount_minor
              FROM refunds   -- index refunds_waiting
             WHERE state = 'waiting'
             ORDER BY merchant_id, currency, id) f
      JOIN accounts a
        ON a.holder_id = f.merchant_id AND a.kind = 'settlement' AND a.currency = f.currency
     WHERE a.balance_minor >= f.amount_minor AND f.id <> ALL(:resting)
     ORDER BY f.id
     LIMIT :limit
""")

REFUNDS: Final = Timer(
    "refund",
    COVERED,
    lambda row: (decide_covered, Covered(row.id, row.merchant_id)),
    frozenset({Code.INCORRECT_STATE, Code.REFUND_WAITING, Code.INSUFFICIENT_FUNDS}),
)
JOBS: Final = (timer_job("refunds", REFUNDS, SHORTLY_S),)
