"""Waiting refunds that end: covered by their merchant's settlement balance by now, or too late.

Of those of one merchant and currency the oldest is covered first. The posting's key follows from
the refund.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from wallet.errors import Code
from wallet.jobs import SHORTLY_S, timer_job
from wallet.ledger.due import Timer
from wallet.refunds.refund import Due, decide_due

DUE: Final = text("""
    SELECT f.id, f.merchant_id
      FROM (SELECT id, merchant_id, currency, amount_minor, waits_until,
                   min(id) OVER (PARTITION BY merchant_id, currency) AS first_id
              FROM refunds   -- index refunds_waiting
             WHERE state = 'waiting') f
      JOIN accounts a
        ON a.holder_id = f.merchant_id AND a.kind = 'settlement' AND a.currency = f.currency
     WHERE (f.waits_until <= :now OR (f.id = f.first_id AND a.balance_minor >= f.amount_minor))
       AND f.id <> ALL(:resting)
     ORDER BY f.id
     LIMIT :limit
""")

REFUNDS: Final = Timer(
    "refund",
    DUE,
    lambda row: (decide_due, Due(row.id, row.merchant_id)),
    frozenset({Code.INCORRECT_STATE, Code.REFUND_WAITING, Code.INSUFFICIENT_FUNDS}),
)
JOBS: Final = (timer_job("refunds", REFUNDS, SHORTLY_S),)
