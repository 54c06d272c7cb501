"""The worker's part: batches of confirmed lists, each in a transaction, until all are posted.

A batch commits its entries and what became of its rows together, so a worker that is killed
anywhere leaves each row done once or not at all, and the next one goes on from there. The lock on
the batch's row is the lease: it is gone with whoever held it. Batches of different lanes can be
posted at the same time. Locks are taken in the poster's order: records, then accounts by rising id.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
from sqlalchemy import Engine
from sqlalchemy.pool import PoolProxiedConnection

from wallet.bulk.outcomes import Tally
from wallet.bulk.paying import DueBatch, DueRow, Finished, Paid, finish, pay_rows
from wallet.bulk.records import Bulk
from wallet.clock import Clock, Ids, reference
from wallet.database import read
from wallet.ledger.accounts import Account, Kind
from wallet.ledger.arrays import array
from wallet.ledger.bulk import Payments, write_payments
from wallet.ledger.facts import Facts, Holder
from wallet.ledger.line import Line
from wallet.ledger.poster import SESSION, WORKER
from wallet.ledger.posting import Text
from wallet.ledger.reading import READ_HOLDERS, Connection, operator_account, take_lane
from wallet.ledger.writing import Writes, worded
from wallet.markets import Market
from wallet.people.limits import Usage

log = logging.getLogger(__name__)

PAUSE: Final = timedelta(seconds=30)
"""So many post batches of one list side by side."""

IS_ANYTHING: Final = "SELECT EXISTS (SELECT FROM bulks WHERE state = 'posting')"

NEXT_BATCH: Final = f"""
    SELECT {Bulk.COLUMNS}, t.first_row, t.row_count, b.account_ids[t.lane + 1]
      FROM bulk_batches t   -- index bulk_batches_to_post
      JOIN bulks b ON b.id = t.bulk_id
     WHERE t.posted_at IS NULL AND t.next_at <= %(now)s
     ORDER BY t.next_at, t.bulk_id, t.first_row
     LIMIT 1
       FOR NO KEY UPDATE OF t SKIP LOCKED
"""

# A list whose last batch has been posted.
NEXT_TO_FINISH: Final = f"""
    SELECT {Bulk.COLUMNS}
      FROM bulks b   -- index bulks_under_way
     WHERE b.state = 'posting'
       AND NOT EXISTS (SELECT FROM bulk_batches t WHERE t.bulk_id = b.id AND t.posted_at IS NULL)
     ORDER BY b.id
     LIMIT 1
       FOR NO KEY UPDATE OF b SKIP LOCKED
"""

TALLY: Final = """
    SELECT sum(paid_rows)::bigint, sum(paid_minor)::bigint, sum(held_rows)::bigint,
           sum(held_minor)::bigint, sum(refused_rows)::bigint, sum(refused_minor)::bigint,
           sum(fee_taken_minor)::bigint
      FROM bulk_batches
     WHERE bulk_id = %(bulk)s
"""

LOCK_ACCOUNTS: Final = """
    SELECT id, holder_id, kind, currency, balance_minor, entry_count
      FROM accounts
     WHERE id = ANY(%(ids)s::bigint[])
     ORDER BY id
       FOR NO KEY UPDATE
"""

LOCK_RECEIVERS: Final = """
    SELECT id, holder_id, kind, currency, balance_minor, entry_count
      FROM accounts
     WHERE id = ANY(ARRAY(SELECT w.id
                            FROM bulk_rows r
                            JOIN holders h ON h.msisdn = r.msisdn
                            JOIN accounts w ON w.holder_id = h.id AND w.kind = 'wallet'
                                           AND w.currency = %(currency)s
                           WHERE r.bulk_id = %(bulk)s AND r.row_no >= %(first)s
                             AND r.row_no <= %(last)s) || %(others)s::bigint[])
     ORDER BY id   -- the poster's order, so that neither waits for the other in a circle
       FOR NO KEY UPDATE
"""

# Read after the locks, so that whom a limit or a freeze concerns is seen as it is.
READ_ROWS: Final = """
    SELECT r.row_no, r.msisdn, r.amount_minor, r.fee_minor,
           h.id, h.language, h.market, h.tier, h.status, w.id
      FROM bulk_rows r
      LEFT JOIN holders h ON h.msisdn = r.msisdn
      LEFT JOIN accounts w ON w.holder_id = h.id AND w.kind = 'wallet' AND w.currency = %(currency)s
     WHERE r.bulk_id = %(bulk)s AND r.row_no >= %(first)s AND r.row_no <= %(last)s
     ORDER BY r.row_no
"""

POSTPONE: Final = """
    UPDATE bulk_batches SET next_at = %(until)s
     WHERE bulk_id = %(bulk)s AND first_row = %(first)s AND posted_at IS NULL
"""


class _RegisteredMeanwhile(Exception):
    """A receiver registered after the locks were taken: the batch is begun again."""


_PASSES: Final = (_RegisteredMeanwhile, psycopg.IntegrityError, psycopg.OperationalError)
"""New ids, or what somebody else has just done, settle these."""


@dataclass(slots=True)
class _Open:
    """A connection of the payments' own, and the lane its fees go to."""

    pooled: PoolProxiedConnection
    raw: Connection
    line: Line
    lane: int
    operator_ids: dict[str, int]


class BulkPayments:
    """Posts confirmed lists, a batch at a time. Each object has a connection of its own."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        ids: Ids,
        markets: Mapping[str, Market],
        render: Callable[[Text], str],
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._ids = ids
        self._markets = markets
        self._render = render
        self._limited = _currencies_limited_in(markets)
        self._open: _Open | None = None

    def post_next(self) -> int:
        """Post the next batch, or the end of a list; return how many rows, or lists, that were.

        Returns 0 where nothing is left to do.
        """
        if self._open is None:
            if not read(self._engine, IS_ANYTHING)[0][0]:
                return 0
            self._open = self._connect()
        batch: DueBatch | None = None
        try:
            now = self._clock.now()
            self._open.raw.execute("BEGIN")
            row = self._open.raw.execute(NEXT_BATCH, {"now": now}).fetchone()
            if row is None:
                return self._finish_next(self._open, now)
            batch = DueBatch(Bulk(*row[:-3]), *row[-3:])
            return self._post(self._open, batch, now)
        except BaseException as error:
            self.close()  # whatever its state, no later batch inherits it
            if batch is not None and not isinstance(error, _PASSES):
                self._postpone(batch)  # so that one broken batch does not stop the others
            raise

    def close(self) -> None:
        """Let go of the connection; what was not committed is undone."""
        if self._open is not None:
            self._open.pooled.invalidate()
            self._open = None

    def _connect(self) -> _Open:
        pooled = self._engine.raw_connection()
        raw = pooled.driver_connection
        assert isinstance(raw, psycopg.Connection)
        raw.autocommit = True  # BEGIN and COMMIT travel with the statements
        raw.execute(SESSION)
        return _Open(pooled, raw, Line(raw), take_lane(raw), {})

    def _post(self, at: _Open, batch: DueBatch, now: datetime) -> int:
        facts = Facts(now, 0, self._markets, {}, self._ids)
        due, payer = self._read(at, batch, facts)
        first_id = self._ids.block(now, len(due))
        paid = pay_rows(batch, payer, due, first_id, facts)
        self._write(at, facts, paid, paid.payments)
        return len(due)

    def _finish_next(self, at: _Open, now: datetime) -> int:
        row = at.raw.execute(NEXT_TO_FINISH).fetchone()
        if row is None:
            self.close()  # an idle worker keeps no connection
            return 0
        bulk = Bulk(*row)
        assert bulk.account_ids is not None, bulk
        facts = Facts(now, 0, self._markets, {}, self._ids)
        ids = array([*bulk.account_ids, bulk.source_account_id])
        for account in at.raw.execute(LOCK_ACCOUNTS, {"ids": ids}):
            facts.add_account(Account(*account))
        (payer,) = at.raw.execute(READ_HOLDERS, {"ids": array([bulk.holder_id])}).fetchall()
        (tally,) = at.raw.execute(TALLY, {"bulk": bulk.id}).fetchall()
        self._write(at, facts, finish(bulk, Holder(*payer), Tally(*tally), facts), None)
        return 1

    def _write(
        self, at: _Open, facts: Facts, done: Paid | Finished, payments: Payments | None
    ) -> None:
        writes = Writes(facts)
        writes.add_linked(done.postings, done.rows, WORKER)
        write_payments(at.line, payments, writes, worded(done.texts, facts, self._render))

    def _read(self, at: _Open, batch: DueBatch, facts: Facts) -> tuple[list[DueRow], Holder]:
        """Lock and read what the batch's rows need; `facts` know all of it afterwards."""
        currency = batch.bulk.currency
        asked: dict[str, Any] = {
            "bulk": batch.bulk.id, "currency": currency,
            "first": batch.first_row, "last": batch.first_row + batch.row_count - 1,
            "others": array([batch.account_id, self._fees_id(at, currency, facts.now)]),
        }  # fmt: skip
        at.line.ask(LOCK_RECEIVERS, asked)
        at.line.ask(READ_ROWS, asked)
        at.line.ask(READ_HOLDERS, {"ids": array([batch.bulk.holder_id])})
        locked, found, (payer,) = at.line.answers()
        for row in locked:
            facts.add_account(Account(*row))
        for _, msisdn, _, _, id_, language, market, tier, status, wallet_id in found:
            if id_ is None:
                continue
            if wallet_id is not None and wallet_id not in facts.accounts:
                raise _RegisteredMeanwhile
            facts.add_holder(Holder(id_, msisdn, "", language, market, tier, status))
        if currency in self._limited:
            self._read_usage(at, facts)
        return [DueRow(*row[:4]) for row in found], Holder(*payer)

    def _read_usage(self, at: _Open, facts: Facts) -> None:
        facts.of_holders.add(Usage)
        for row in at.raw.execute(Usage.READ, {"ids": array(facts.holders)}):
            facts.add_record(Usage.from_row(row))

    def _fees_id(self, at: _Open, currency: str, now: datetime) -> int:
        if currency not in at.operator_ids:
            at.operator_ids[currency] = operator_account(
                at.raw, Kind.FEES, currency, at.lane, id_=self._ids.next(now), now=now
            )
        return at.operator_ids[currency]

    def _postpone(self, batch: DueBatch) -> None:
        log.error("a batch of list %s failed and is put off", reference(batch.bulk.id))
        at = self._open = self._connect()
        until = self._clock.now() + PAUSE
        named = {"bulk": batch.bulk.id, "first": batch.first_row, "until": until}
        at.raw.execute(POSTPONE, named)


def _currencies_limited_in(markets: Mapping[str, Market]) -> frozenset[str]:
    """Return the currencies in which some limit of what comes in counts what came before."""
    return frozenset(
        currency
        for market in markets.values()
        for currency, tiers in market.limits.items()
        if any(tier.monthly_in_minor is not None for tier in tiers)
    )
