"""The worker's part: confirmed lists, a batch of rows in each transaction, until all are done.

A batch commits its entries, its rows' outcomes and how far the list is together, so a worker that
is killed anywhere leaves each row done once or not at all, and the next one goes on from there.
The lock on the list's row is the lease: it is gone with whoever held it. Locks are taken in the
poster's order: the list, then accounts by rising id.
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

from wallet.bulk.paying import DueRow, pay_rows
from wallet.bulk.records import Bulk
from wallet.clock import Clock, Ids, reference
from wallet.ledger.accounts import Account, Kind
from wallet.ledger.arrays import array
from wallet.ledger.bulk import write_payments
from wallet.ledger.facts import Facts, Holder, Usage
from wallet.ledger.poster import SETTINGS, WORKER
from wallet.ledger.posting import Text
from wallet.ledger.reading import READ_HOLDERS, READ_USAGE, Connection, operator_account, take_lane
from wallet.ledger.writing import Writes
from wallet.markets import Market

log = logging.getLogger(__name__)

ROWS_A_BATCH: Final = 2_000
PAUSE: Final = timedelta(seconds=30)

NEXT: Final = f"""
    SELECT {Bulk.COLUMNS}
      FROM bulks b   -- index bulks_under_way
     WHERE b.state = 'posting' AND b.next_at <= %(now)s
     ORDER BY b.next_at   -- each list in turn
     LIMIT 1
       FOR NO KEY UPDATE SKIP LOCKED
"""

LOCK_RECEIVERS: Final = """
    SELECT id, holder_id, kind, currency, balance_minor, entry_count
      FROM accounts
     WHERE id = ANY(ARRAY(SELECT w.id
                            FROM bulk_rows r
                            JOIN holders h ON h.msisdn = r.msisdn
                            JOIN accounts w ON w.holder_id = h.id AND w.kind = 'wallet'
                                           AND w.currency = %(currency)s
                           WHERE r.bulk_id = %(bulk)s AND r.row_no > %(done)s
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
     WHERE r.bulk_id = %(bulk)s AND r.row_no > %(done)s AND r.row_no <= %(last)s
     ORDER BY r.row_no
"""

POSTPONE: Final = "UPDATE bulks SET next_at = %(until)s WHERE id = %(bulk)s AND state = 'posting'"


class _RegisteredMeanwhile(Exception):
    """A receiver registered after the locks were taken: the batch is begun again."""


_PASSES: Final = (_RegisteredMeanwhile, psycopg.IntegrityError, psycopg.OperationalError)
"""New ids, or what somebody else has just done, settle these."""


@dataclass(slots=True)
class _Open:
    """A connection of the payments' own, and the lane its fees go to."""

    pooled: PoolProxiedConnection
    raw: Connection
    lane: int
    operator_ids: dict[str, int]


class BulkPayments:
    """Posts confirmed lists, a batch at a time."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        ids: Ids,
        markets: Mapping[str, Market],
        render: Callable[[Text], str],
        rows_a_batch: int = ROWS_A_BATCH,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._ids = ids
        self._markets = markets
        self._render = render
        self._rows_a_batch = rows_a_batch
        self._limited = _currencies_limited_in(markets)
        self._open: _Open | None = None

    def post_next(self) -> int:
        """Post the next batch of whichever list is next; return its rows, 0 where there is none."""
        if self._open is None:
            self._open = self._connect()
        bulk: Bulk | None = None
        try:
            now = self._clock.now()
            self._open.raw.execute("BEGIN")
            row = self._open.raw.execute(NEXT, {"now": now}).fetchone()
            if row is None:
                self._open.raw.execute("COMMIT")
                return 0
            bulk = Bulk.from_row(row)
            return self._post(self._open, bulk, now)
        except BaseException as error:
            self.close()  # whatever its state, no later batch inherits it
            if bulk is not None and not isinstance(error, _PASSES):
                self._postpone(bulk)  # so that one broken list does not stop the others
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
        raw.execute(SETTINGS)
        return _Open(pooled, raw, take_lane(raw), {})

    def _post(self, at: _Open, bulk: Bulk, now: datetime) -> int:
        facts = Facts(now, 0, self._markets, {}, self._ids)
        due, payer = self._read(at, bulk, facts)
        first_id = self._ids.block(now, len(due))
        paid = pay_rows(bulk, payer, due, first_id, facts)
        writes = Writes(facts)
        writes.add_linked(paid.postings, paid.rows, WORKER)
        first_text = self._ids.block(now, len(paid.texts)) if paid.texts else 0
        texts = [
            (id_, text.msisdn, self._render(text))
            for id_, text in enumerate(paid.texts, start=first_text)
        ]
        write_payments(at.raw, paid.payments, writes, texts)
        return len(due)

    def _read(self, at: _Open, bulk: Bulk, facts: Facts) -> tuple[list[DueRow], Holder]:
        """Lock and read what the next rows need; `facts` know all of it afterwards."""
        assert bulk.source_account_id is not None, bulk
        last = bulk.done_rows + self._rows_a_batch
        others = [bulk.id, self._fees_id(at, bulk.currency, facts.now)]
        if last >= bulk.row_count:
            others.append(bulk.source_account_id)  # the rest goes back to it
        asked: dict[str, Any] = {
            "bulk": bulk.id, "done": bulk.done_rows, "last": last,
            "currency": bulk.currency, "others": array(others),
        }  # fmt: skip
        with at.raw.pipeline():
            locked = at.raw.execute(LOCK_RECEIVERS, asked)
            rows = at.raw.execute(READ_ROWS, asked)
            payers = at.raw.execute(READ_HOLDERS, {"ids": array([bulk.holder_id])})
            for row in locked:
                facts.add_account(Account(*row))
            found = rows.fetchall()
            (payer,) = payers.fetchall()
        for _, msisdn, _, _, id_, language, market, tier, status, wallet_id in found:
            if id_ is None:
                continue
            if wallet_id is not None and wallet_id not in facts.accounts:
                raise _RegisteredMeanwhile
            facts.add_holder(_receiver(id_, msisdn, language, market, tier, status))
        if bulk.currency in self._limited:
            self._read_usage(at, facts)
        return [DueRow(*row[:4]) for row in found], Holder(*payer)

    def _read_usage(self, at: _Open, facts: Facts) -> None:
        for row in at.raw.execute(READ_USAGE, {"ids": array(facts.holders)}):
            usage = Usage(*row)
            facts.usages[usage.identity] = usage

    def _fees_id(self, at: _Open, currency: str, now: datetime) -> int:
        if currency not in at.operator_ids:
            at.operator_ids[currency] = operator_account(
                at.raw, Kind.FEES, currency, at.lane, id_=self._ids.next(now), now=now
            )
        return at.operator_ids[currency]

    def _postpone(self, bulk: Bulk) -> None:
        log.error("list %s is put off: its next batch failed", reference(bulk.id))
        at = self._open = self._connect()
        at.raw.execute(POSTPONE, {"bulk": bulk.id, "until": self._clock.now() + PAUSE})


def _receiver(
    id_: int, msisdn: str, language: str, market: str, tier: int, status: str
) -> Holder:  # fmt: skip
    """Return a receiver; of their name and PIN nothing is needed."""
    known = (id_, msisdn, "", language, market, tier, status)
    return Holder(*known, None, None, None, [], 0, 0, None)


def _currencies_limited_in(markets: Mapping[str, Market]) -> frozenset[str]:
    """Return the currencies in which some limit of what comes in counts what came before."""
    return frozenset(
        currency
        for market in markets.values()
        for currency, tiers in market.limits.items()
        if any(tier.monthly_in_minor is not None for tier in tiers)
    )
