"""What falls due between a merchant and us: reserves that are free again, monthly fees.

The keys follow from the reserve and from the merchant's month.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Row, text

from wallet.errors import Code
from wallet.jobs import SHORTLY_S, SOMETIMES_S, Job, Parts, Step, timer_job
from wallet.ledger.due import Due, Timer, TimerLoop
from wallet.markets import Market
from wallet.merchants import free_reserve, monthly_fee

DUE_RESERVES: Final = text("""
    SELECT id
      FROM reserves   -- index reserves_due
     WHERE freed_at IS NULL AND available_at <= :now AND id <> ALL(:resting)
     ORDER BY available_at
     LIMIT :limit
       FOR NO KEY UPDATE SKIP LOCKED
""")
DUE_MONTHS: Final = text("""
    SELECT m.holder_id AS id, h.market, p.currency, cast(:now AS timestamptz) AS now
      FROM merchants m   -- index merchants_monthly_due
      JOIN holders h ON h.id = m.holder_id
      JOIN pricings p ON p.id = m.pricing_id
     WHERE m.monthly_due_at <= :now AND m.holder_id <> ALL(:resting)
     ORDER BY m.monthly_due_at
     LIMIT :limit
       FOR NO KEY UPDATE OF m SKIP LOCKED
""")

RESERVES: Final = Timer(
    "reserve",
    DUE_RESERVES,
    lambda row: (free_reserve.decide, free_reserve.Command(row.id)),
    frozenset({Code.INCORRECT_STATE}),
)


def monthly_fees(markets: Mapping[str, Market]) -> Timer:
    """Return the timer of the monthly fees; a month begins where the merchant is."""

    def due(row: Row[Any]) -> Due:
        month = row.now.astimezone(markets[row.market].zone).date().replace(day=1)
        return monthly_fee.decide, monthly_fee.Command(row.id, month, row.currency)

    # Where the balance does not cover it, the refusal itself says when to try again.
    quicker = frozenset({Code.INCORRECT_STATE, Code.INSUFFICIENT_FUNDS})
    return Timer("monthly fee", DUE_MONTHS, due, quicker)


def _charge_months(parts: Parts) -> Step:
    loop = TimerLoop(parts.engine, parts.poster, monthly_fees(parts.markets))
    return lambda: loop.step(parts.clock.now())


JOBS: Final = (
    timer_job("reserves", RESERVES, SHORTLY_S),
    Job("monthly fees", _charge_months, SOMETIMES_S),
)
