"""Batches: payouts of one kind, market and currency that are handed to their rail in one piece.

There is no timer: what has been asked for since the last look is a batch. One whose total is above
the market's limit waits for two operators; if nobody decides, it goes back to its merchants.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine, Row, text

from wallet.clock import Ids
from wallet.markets import Market
from wallet.payouts.handover import Rails

MOST: Final = 5_000

TAKE_REQUESTED: Final = text("""
    SELECT p.id, p.kind, p.currency, p.amount_minor, h.market
      FROM payouts p   -- index payouts_requested
      JOIN holders h ON h.id = p.merchant_id
     WHERE p.state = 'requested' AND p.batch_id IS NULL AND p.kind = ANY(:kinds)
     ORDER BY p.id
     LIMIT :most
       FOR NO KEY UPDATE OF p SKIP LOCKED
""")

INSERT_BATCH: Final = text("""
    INSERT INTO payout_batches (id, kind, market, currency, payout_count, total_minor, state,
                                next_at, made_at)
    VALUES (:id, :kind, :market, :currency, :count, :total_minor, :state, :next_at, :now)
""")

PUT_INTO_BATCH: Final = text("UPDATE payouts SET batch_id = :id WHERE id = ANY(:payouts)")


def make_batches(
    engine: Engine, ids: Ids, markets: Mapping[str, Market], rails: Rails, now: datetime
) -> int:
    """Put the payouts that wait for a batch into some; return how many batches that were."""
    made = 0
    with engine.begin() as connection:
        wanted = {"kinds": list(rails), "most": MOST}
        waiting = connection.execute(TAKE_REQUESTED, wanted).all()
        for kind, market, currency, payouts in _pieces(waiting, rails):
            total = sum(payout.amount_minor for payout in payouts)
            batch = {"id": ids.next(now), "kind": kind, "market": market, "currency": currency,
                     "count": len(payouts), "total_minor": total, "now": now}  # fmt: skip
            batch |= _way(markets[market], currency, total, now)
            connection.execute(INSERT_BATCH, batch)
            members = [payout.id for payout in payouts]
            connection.execute(PUT_INTO_BATCH, {"id": batch["id"], "payouts": members})
            made += 1
    return made


def needs_two(market: Market, currency: str, total_minor: int) -> bool:
    """Tell whether a batch takes two operators; in a foreign currency every one does."""
    limit = market.payouts.four_eyes_above_minor if currency == market.currency else 0
    return total_minor > limit


def _way(market: Market, currency: str, total_minor: int, now: datetime) -> dict[str, Any]:
    """Return a new batch's state, and when a worker next looks at it."""
    if needs_two(market, currency, total_minor):
        return {"state": "waiting_approval", "next_at": now + market.payouts.approval_lifetime}
    return {"state": "released", "next_at": now}


def _pieces(
    waiting: Sequence[Row[Any]], rails: Rails
) -> Iterator[tuple[str, str, str, list[Row[Any]]]]:
    groups: defaultdict[tuple[str, str, str], list[Row[Any]]] = defaultdict(list)
    for row in waiting:
        groups[(row.kind, row.market, row.currency)].append(row)
    for (kind, market, currency), rows in groups.items():
        size = rails[kind].most_in_batch
        for start in range(0, len(rows), size):
            yield kind, market, currency, rows[start : start + size]
