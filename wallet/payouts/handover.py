"""Payouts on their way out: requested → sent → paid or failed.

A worker takes batches by moving `next_at` to the end of its lease and marks their payouts `sent`,
committed before the rail is called: from then on the bank may know their references. Killed
anywhere, the lease runs out, the rail is asked what it knows, and only where it says that it does
not know a payment is the batch handed over again, the same one, under the same references. A
time-out is no answer: the payout is `unknown`, and the rail is asked again, later.

Several batches and several questions are taken at a time, each in a thread of its own, because a
slow rail must not hold up the others.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Literal

from sqlalchemy import Connection, Engine, Row, text

from wallet.clock import reference
from wallet.destinations.records import Destination
from wallet.errors import Code, Refused
from wallet.ledger.poster import Poster
from wallet.money import Money
from wallet.payouts import finish
from wallet.payouts.rails.rail import (
    Batch,
    Failed,
    Handed,
    Outcome,
    Paid,
    PayoutOrder,
    Rail,
    Silent,
    Unknown,
)

log = logging.getLogger(__name__)

LEASE: Final = timedelta(minutes=5)  # longer than what one step may take with slow rails
MOST: Final = 16  # batches, and questions, in one step
THREADS: Final = 8
FIRST_DELAY: Final = timedelta(seconds=1)
LONGEST_DELAY: Final = timedelta(minutes=10)
REASON_CHARACTERS: Final = 200

Rails = Mapping[str, Rail]
Word = Literal["settled", "again", "exception", "refused"]

CLAIM_BATCHES: Final = text("""
    WITH due AS MATERIALIZED (
        SELECT id FROM payout_batches   -- index payout_batches_due
         WHERE state = 'released' AND next_at <= :now AND kind = ANY(:kinds)
         ORDER BY next_at
         LIMIT :most
           FOR NO KEY UPDATE SKIP LOCKED)
    UPDATE payout_batches b SET attempts = b.attempts + 1, next_at = :lease_ends_at
      FROM due
     WHERE b.id = due.id
 RETURNING b.id, b.kind, b.currency, b.total_minor, b.made_at, b.attempts
""")

MARK_SENT: Final = text("""
    UPDATE payouts
       SET state = CASE state WHEN 'requested' THEN 'sent' ELSE state END,
           sent_at = coalesce(sent_at, :now), attempts = attempts + 1, next_at = :lease_ends_at
     WHERE batch_id = ANY(:batches) AND state IN ('requested', 'sent', 'unknown')
""")

READ_ORDERS: Final = text("""
    SELECT id, batch_id, kind, currency, amount_minor, bank_code, account, account_name,
           requested_at, attempts
      FROM payouts   -- index payouts_of_batch
     WHERE batch_id = ANY(:batches) AND sent_at IS NOT NULL   -- not what had gone back before
     ORDER BY id
""")

NOTE_SENT: Final = text("""
    UPDATE payout_batches
       SET state = 'sent', sent_at = coalesce(sent_at, :now),
           file = CASE :file WHEN '' THEN file ELSE :file END
     WHERE id = :id AND state = 'released' AND attempts = :attempts
""")

CLAIM_PAYOUTS: Final = text("""
    WITH due AS MATERIALIZED (
        SELECT id FROM payouts   -- index payouts_open
         WHERE state IN ('sent', 'unknown') AND next_at <= :now AND kind = ANY(:kinds)
         ORDER BY next_at
         LIMIT :most
           FOR NO KEY UPDATE SKIP LOCKED)
    UPDATE payouts p SET attempts = p.attempts + 1, next_at = :lease_ends_at
      FROM due
     WHERE p.id = due.id
 RETURNING p.id, p.batch_id, p.kind, p.currency, p.amount_minor, p.bank_code, p.account,
           p.account_name, p.requested_at, p.attempts
""")

# `attempts` tells whose lease it is: a worker that lost it changes nothing.
ASK_LATER: Final = text("""
    UPDATE payouts SET state = :state, next_at = :next_at
     WHERE id = :id AND state IN ('sent', 'unknown') AND attempts = :attempts
""")

HAND_AGAIN: Final = text("""
    UPDATE payout_batches SET state = 'released', next_at = :now
     WHERE id = :batch AND state = 'sent'
""")

READ_CURRENCY: Final = text("SELECT currency FROM payouts WHERE id = :id")

NOTE_EXCEPTION: Final = text("""
    INSERT INTO payout_surprises (payout_id, said, reason, heard_at)
    SELECT id, :said, :reason, :now FROM payouts WHERE id = :id AND state = :other
        ON CONFLICT DO NOTHING
""")


@dataclass(frozen=True, slots=True)
class _Claimed:
    """An order as this worker has leased it."""

    id: int
    batch_id: int
    attempts: int
    order: PayoutOrder


def hand_over_next(engine: Engine, poster: Poster, rails: Rails, now: datetime) -> int:
    """Take what is due a step further; return how many batches and payouts that were."""
    lease = {
        "now": now, "lease_ends_at": now + LEASE, "most": MOST, "kinds": list(rails),
    }  # fmt: skip
    with engine.begin() as connection:
        batches = connection.execute(CLAIM_BATCHES, lease).all()
        orders = _orders(connection, [row.id for row in batches], lease)
    with engine.begin() as connection:
        asked = [_claimed(row) for row in connection.execute(CLAIM_PAYOUTS, lease)]
    desk = _Desk(engine, poster, now)
    steps: list[Callable[[], None]] = [
        partial(desk.hand_over, rails[row.kind], row, orders[row.id]) for row in batches
    ]
    steps += [partial(desk.ask, rails[each.order.destination.kind], each) for each in asked]
    if steps:
        with ThreadPoolExecutor(THREADS, thread_name_prefix="payouts") as threads:
            list(threads.map(lambda step: step(), steps))
    return len(steps)


def settle(
    engine: Engine, poster: Poster, payout_id: int, outcome: Paid | Failed, now: datetime
) -> Word:
    """Book a rail's final word on a payout, once.

    `again`: it had said so before. `exception`: it had said the contrary, which stands; an
    operator will find the second word. `refused`: we know no such payout, or never sent it.
    """
    failure = _tidy(outcome.reason) if isinstance(outcome, Failed) else None
    with engine.connect() as connection:
        currency = connection.execute(READ_CURRENCY, {"id": payout_id}).scalar_one_or_none()
    if currency is None:
        return "refused"
    try:
        told = finish.Settled(payout_id, currency, failure is None, failure)
        return "again" if poster.post(finish.decide_settled, told).replayed else "settled"
    except Refused as refusal:
        return _not_settled(engine, payout_id, failure, refusal, now)


def delay(attempts: int) -> timedelta:
    """Return how long to wait after that many attempts."""
    return min(FIRST_DELAY * (1 << min(attempts - 1, 16)), LONGEST_DELAY)


@dataclass(frozen=True, slots=True)
class _Desk:
    """Does one thing that was leased, and books what came of it."""

    engine: Engine
    poster: Poster
    now: datetime

    def hand_over(self, rail: Rail, row: Row[Any], claimed: list[_Claimed]) -> None:
        """Give a batch to its rail, unless the rail has it from an earlier attempt."""
        orders = tuple(each.order for each in claimed)
        total = Money(row.currency, row.total_minor)
        batch = Batch(reference(row.id), row.kind, total, orders, row.made_at)
        outcomes = {} if row.attempts == 1 else {o.reference: _status(rail, o) for o in orders}
        handed = Handed(outcomes)
        if not outcomes or any(isinstance(each, Unknown) for each in outcomes.values()):
            handed = _submit(rail, batch)
        noted = {"id": row.id, "attempts": row.attempts, "file": handed.file, "now": self.now}
        with self.engine.begin() as connection:
            connection.execute(NOTE_SENT, noted)
        for each in claimed:
            self._take(each, handed.outcomes.get(each.order.reference))

    def ask(self, rail: Rail, claimed: _Claimed) -> None:
        """Ask what became of a payout; one that the rail has not is handed over again."""
        outcome = _status(rail, claimed.order)
        if isinstance(outcome, Unknown):
            with self.engine.begin() as connection:
                connection.execute(HAND_AGAIN, {"batch": claimed.batch_id, "now": self.now})
        self._take(claimed, outcome)

    def _take(self, claimed: _Claimed, outcome: Outcome | None) -> None:
        if isinstance(outcome, Paid | Failed):
            settle(self.engine, self.poster, claimed.id, outcome, self.now)
            return
        changed = {
            "id": claimed.id,
            "attempts": claimed.attempts,
            "state": "unknown" if isinstance(outcome, Silent) else "sent",
            "next_at": self.now + delay(claimed.attempts),
        }
        with self.engine.begin() as connection:
            connection.execute(ASK_LATER, changed)


def _orders(
    connection: Connection, batches: list[int], lease: Mapping[str, object]
) -> Mapping[int, list[_Claimed]]:
    """Mark the payouts of these batches sent, and return all of each batch."""
    found: defaultdict[int, list[_Claimed]] = defaultdict(list)
    if batches:
        connection.execute(MARK_SENT, {**lease, "batches": batches})
        for row in connection.execute(READ_ORDERS, {"batches": batches}):
            found[row.batch_id].append(_claimed(row))
    return found


def _claimed(row: Row[Any]) -> _Claimed:
    order = PayoutOrder(
        reference(row.id),
        Money(row.currency, row.amount_minor),
        Destination(row.bank_code, row.account, row.account_name, row.kind),
        row.requested_at,
        reference(row.batch_id),
    )
    return _Claimed(row.id, row.batch_id, row.attempts, order)


def _submit(rail: Rail, batch: Batch) -> Handed:
    try:
        return rail.submit_batch(batch)
    except Exception as error:  # noqa: BLE001 -- whatever a rail raises, the outcome is not known
        # Only the type: what an adapter raises may quote an account.
        log.warning("batch %s: the rail raised %s", batch.reference, type(error).__name__)
        return Handed({order.reference: Silent() for order in batch.orders})


def _status(rail: Rail, order: PayoutOrder) -> Outcome:
    try:
        return rail.status(order)
    except Exception as error:  # noqa: BLE001 -- likewise
        log.warning("payout %s: the rail raised %s", order.reference, type(error).__name__)
        return Silent()


def _not_settled(
    engine: Engine, payout_id: int, failure: str | None, refusal: Refused, now: datetime
) -> Word:
    """Tell a word that contradicts the first from one that says the same in other words."""
    said, other = ("paid", "failed") if failure is None else ("failed", "paid")
    noted = {"id": payout_id, "said": said, "other": other, "reason": failure, "now": now}
    with engine.begin() as connection:
        contradicts = connection.execute(NOTE_EXCEPTION, noted).rowcount > 0
    if contradicts:
        log.warning("payout %s was said to be %s after all", reference(payout_id), said)
        return "exception"
    log.info("payout %s was not settled again: %s", reference(payout_id), refusal)
    return "again" if refusal.code is Code.KEY_REUSED else "refused"


def _tidy(reason: str) -> str:
    """Make what a bank said fit to be stored and shown."""
    return "".join(letter for letter in reason[:REASON_CHARACTERS] if letter.isprintable())
