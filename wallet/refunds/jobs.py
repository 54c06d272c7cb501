"""Waiting refunds that their merchant's settlement balance covers by now: the oldest of each first.

Any number of workers may do this at once: the posting's key follows from the refund.
"""

from __future__ import annotations

import logging
from typing import Final

from sqlalchemy import Engine

from wallet.clock import reference
from wallet.database import read
from wallet.errors import Refused
from wallet.ledger.poster import MAX_BATCH, Poster
from wallet.refunds.refund import Covered, decide_covered

log = logging.getLogger(__name__)

COVERED: Final = """
    SELECT f.id, f.merchant_id
      FROM (SELECT DISTINCT ON (merchant_id, currency) id, merchant_id, currency, amount_minor
              FROM refunds   -- index refunds_waiting
             WHERE state = 'waiting'
             ORDER BY merchant_id, currency, id) f
      JOIN accounts a
        ON a.holder_id = f.merchant_id AND a.kind = 'settlement' AND a.currency = f.currency
     WHERE a.balance_minor >= f.amount_minor
     ORDER BY f.id
     LIMIT :limit
"""


def cover_refunds(engine: Engine, poster: Poster, limit: int = MAX_BATCH) -> int:
    """Pay what can be paid; return how many were paid, so that the next of a merchant follow."""
    found = read(engine, COVERED, limit=limit)
    pending = [(id_, poster.submit(decide_covered, Covered(id_, who))) for id_, who in found]
    paid = 0
    for id_, one in pending:
        try:
            one.wait()
        except Refused as refusal:  # somebody was quicker, or the money has gone again
            log.info("refund %s is not paid now: %s", reference(id_), refusal)
        else:
            paid += 1
    return paid
