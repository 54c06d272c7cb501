"""Approvals that nobody answered in time."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from wallet.approvals.approve import Expire, decide_expire
from wallet.errors import Code
from wallet.jobs import SELDOM_S, timer_job
from wallet.ledger.due import Timer

EXPIRED: Final = text("""
    SELECT id
      FROM approvals   -- index approvals_waiting
     WHERE state = 'waiting' AND expires_at <= :now AND id <> ALL(:resting)
     ORDER BY expires_at
     LIMIT :limit
""")

APPROVALS: Final = Timer(
    "approval",
    EXPIRED,
    lambda row: (decide_expire, Expire(row.id)),
    frozenset({Code.APPROVAL_DECIDED}),
)
JOBS: Final = (timer_job("approvals", APPROVALS, SELDOM_S),)
