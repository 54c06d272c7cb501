"""Payouts whose time has come: schedules, cash that nobody collected, batches nobody released."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Engine, text

from wallet.errors import Code
from wallet.jobs import SHORTLY_S, Job, Parts, Step
from wallet.ledger.due import Timer, TimerLoop
from wallet.ledger.poster import Poster
from wallet.payouts import finish, payout, schedule
from wallet.people.one_time import OneTimeCode

# Without hours, a schedule is due when there is something to pay.
DUE_SCHEDULES: Final = text("""
    SELECT s.merchant_id AS id, s.currency, s.next_at,
           CASE WHEN s.every = 'at_once' THEN a.entry_count ELSE 0 END AS entry_count
      FROM payout_schedules s   -- index payout_schedules_due
      JOIN accounts a
        ON a.holder_id = s.merchant_id AND a.kind = 'settlement' AND a.currency = s.currency
     WHERE s.every <> 'on_demand' AND s.paused_at IS NULL AND s.next_at <= :now
       AND (s.every <> 'at_once' OR a.balance_minor >= s.minimum_minor)
       AND s.merchant_id <> ALL(:resting)
     ORDER BY s.next_at
     LIMIT :limit
""")
DUE_CASH: Final = text("""
    SELECT id, currency
      FROM payouts   -- index payouts_collectible
     WHERE state = 'collectible' AND expires_at <= :now AND id <> ALL(:resting)
     ORDER BY expires_at
     LIMIT :limit
       FOR NO KEY UPDATE SKIP LOCKED
""")
DECLINE_BATCHES: Final = text("""
    UPDATE payout_batches SET state = 'declined', decided_at = :now
     WHERE next_at <= :now   -- index payout_batches_due
       -- one that no rail has ever been given, because there is none, is like one nobody released
       AND (state = 'waiting_approval'
            OR (state = 'released' AND attempts = 0 AND made_at <= :now - interval '3 days'))
""")
DUE_DECLINED: Final = text("""
    SELECT p.id, p.currency
      FROM payouts p   -- index payouts_requested
      JOIN payout_batches b ON b.id = p.batch_id
     WHERE p.state = 'requested' AND b.state = 'declined' AND p.id <> ALL(:resting)
     ORDER BY p.id
     LIMIT :limit
       FOR NO KEY UPDATE OF p SKIP LOCKED
""")
DUE_STUCK: Final = text("""
    SELECT id, currency
      FROM payouts   -- index payouts_requested
     WHERE state = 'requested' AND batch_id IS NULL AND next_at <= :now AND id <> ALL(:resting)
     ORDER BY id
     LIMIT :limit
       FOR NO KEY UPDATE SKIP LOCKED
""")
_DONE: Final = frozenset({Code.INCORRECT_STATE})
# A schedule that could not pay has moved on with the refusal itself.
_SKIPPED: Final = frozenset(Code)

SCHEDULES: Final = Timer(
    "schedule",
    DUE_SCHEDULES,
    lambda row: (
        schedule.decide_scheduled,
        schedule.Scheduled(
            row.id, row.currency, row.next_at, row.entry_count,
            OneTimeCode.draw(payout.CODE_DIGITS),
        ),
    ),
    _SKIPPED,
)  # fmt: skip
TAKEN_BACK: Final = tuple(
    Timer(
        "payout",
        query,
        lambda row: (finish.decide_returned, finish.Returned(row.id, row.currency)),
        _DONE,
    )
    for query in (DUE_CASH, DUE_DECLINED, DUE_STUCK)
)


class DuePayouts:
    """Does what is due of payouts."""

    def __init__(self, engine: Engine, poster: Poster) -> None:
        self._engine = engine
        self._loops = [TimerLoop(engine, poster, timer) for timer in (SCHEDULES, *TAKEN_BACK)]

    def step(self, now: datetime) -> int:
        """Pay what is scheduled, take back what has expired; return how many things that were."""
        with self._engine.begin() as connection:
            declined = connection.execute(DECLINE_BATCHES, {"now": now}).rowcount
        return declined + sum(loop.step(now) for loop in self._loops)


def _do_due(parts: Parts) -> Step:
    due = DuePayouts(parts.engine, parts.poster)
    return lambda: due.step(parts.clock.now())


JOBS: Final = (Job("due payouts", _do_due, SHORTLY_S),)
