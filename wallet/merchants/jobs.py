"""What falls due between a merchant and us: reserves that are free again, monthly fees.

Any number of workers may do this at once, and any may be killed anywhere: the keys follow from
the reserve and from the merchant's month, so the ledger does each once.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import Engine, text

from wallet.clock import reference
from wallet.errors import Refused, Unavailable
from wallet.ledger.poster import MAX_BATCH, Pending, Poster
from wallet.markets import Market
from wallet.merchants import free_reserve, monthly_fee

log = logging.getLogger(__name__)

# Locked for this statement alone: what another worker has in hand is passed over.
DUE_RESERVES: Final = text("""
    SELECT id
      FROM reserves   -- index reserves_due
     WHERE freed_at IS NULL AND available_at <= :now
     ORDER BY available_at
     LIMIT :limit
       FOR NO KEY UPDATE SKIP LOCKED
""")
DUE_MONTHS: Final = text("""
    SELECT m.holder_id, h.market, p.currency
      FROM merchants m   -- index merchants_monthly_due
      JOIN holders h ON h.id = m.holder_id
      JOIN pricings p ON p.id = m.pricing_id
     WHERE m.monthly_due_at <= :now
     ORDER BY m.monthly_due_at
     LIMIT :limit
       FOR NO KEY UPDATE OF m SKIP LOCKED
""")


def free_reserves(engine: Engine, poster: Poster, now: datetime, limit: int = MAX_BATCH) -> int:
    """Free up to `limit` reserves whose days are over; return how many were tried.

    Raises the first failure that is no rule's, once all of them were tried.
    """
    with engine.begin() as connection:
        found = connection.execute(DUE_RESERVES, {"now": now, "limit": limit}).all()
    return _finish(
        {row.id: poster.submit(free_reserve.decide, free_reserve.Command(row.id)) for row in found}
    )


def charge_months(
    engine: Engine,
    poster: Poster,
    markets: Mapping[str, Market],
    now: datetime,
    limit: int = MAX_BATCH,
) -> int:
    """Charge up to `limit` monthly fees that are due; return how many were tried.

    Raises the first failure that is no rule's, once all of them were tried.
    """
    with engine.begin() as connection:
        found = connection.execute(DUE_MONTHS, {"now": now, "limit": limit}).all()
    pending = {}
    for row in found:
        month = now.astimezone(markets[row.market].zone).date().replace(day=1)
        command = monthly_fee.Command(row.holder_id, month, row.currency)
        pending[row.holder_id] = poster.submit(monthly_fee.decide, command)
    return _finish(pending)


def _finish(pending: Mapping[int, Pending]) -> int:
    failures: list[Exception] = []
    for id_, one in pending.items():
        try:
            one.wait()
        except Refused as refusal:  # somebody was quicker, or a balance does not cover it
            log.info("%s is not settled: %s", reference(id_), refusal)
        except Unavailable:
            raise
        except Exception as failure:  # noqa: BLE001 -- one broken one must not stop the others
            failures.append(failure)
    if failures:
        raise failures[0]
    return len(pending)
