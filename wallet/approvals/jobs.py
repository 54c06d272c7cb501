"""Approvals that nobody answered in time. Any number of workers may do this at once."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Engine

from wallet.approvals.approve import Lapse, decide_lapse
from wallet.database import read
from wallet.errors import Code, Refused
from wallet.ledger.poster import MAX_BATCH, Poster

LAPSED: Final = """
    SELECT id FROM approvals   -- index approvals_waiting
     WHERE state = 'waiting' AND expires_at <= :now
     ORDER BY expires_at
     LIMIT :limit
"""


def lapse_approvals(engine: Engine, poster: Poster, now: datetime, limit: int = MAX_BATCH) -> int:
    """End what nobody answered; return how many were looked at."""
    due = [row[0] for row in read(engine, LAPSED, now=now, limit=limit)]
    for id_ in due:
        try:
            poster.post(decide_lapse, Lapse(id_))
        except Refused as refusal:
            if refusal.code != Code.APPROVAL_DECIDED:  # else somebody was quicker
                raise
    return len(due)
