"""How the poster locks and reads a batch's facts: set-based, in one lock order.

Records first, kind by kind (a contract names its parties; the holders' own rows come last of those
that are locked), then accounts, each by rising id.
Whatever can change is read after the locks are held, in a statement of its own, so it is seen
as the last holder of the lock left it. Statements share round trips (`line.py`): two for a batch's
reading, one for its writing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg

from wallet.ledger.accounts import EARNED, Account
from wallet.ledger.arrays import array
from wallet.ledger.facts import NOTHING, Facts, Holder, Needs, OfHolder, Record
from wallet.ledger.line import Line
from wallet.ledger.posting import in_order

RESOLVE_MSISDNS: Final = "SELECT id FROM holders WHERE msisdn = ANY(%(msisdns)s::text[])"

LOCK_ACCOUNTS: Final = """
    SELECT id, holder_id, kind, currency, balance_minor, entry_count
      FROM accounts
     WHERE holder_id = ANY(%(holders)s::bigint[]) OR id = ANY(%(ids)s::bigint[])
     ORDER BY id   -- one lock order, so opposite sends cannot deadlock
       FOR NO KEY UPDATE   -- returns each row as its last writer left it
"""

READ_HOLDERS: Final = """
    SELECT id, msisdn, name, language, market, tier, status
      FROM holders
     WHERE id = ANY(%(ids)s::bigint[])
"""

FIND_RECEIPTS: Final = """
    SELECT actor_id, key, fingerprint, answer FROM postings WHERE key = ANY(%(keys)s::uuid[])
"""

OPEN_OPERATOR_ACCOUNT: Final = """
    INSERT INTO accounts (id, kind, currency, lane, opened_at)
    VALUES (%(id)s, %(kind)s, %(currency)s, %(lane)s, %(now)s)
        ON CONFLICT (kind, currency, lane)
           WHERE holder_id IS NULL AND kind NOT IN ('escrow', 'bulk') DO NOTHING
"""

FIND_OPERATOR_ACCOUNT: Final = """
    SELECT id FROM accounts
     WHERE holder_id IS NULL AND kind NOT IN ('escrow', 'bulk') AND kind = %(kind)s
       AND currency = %(currency)s
       AND lane = %(lane)s
"""

# Held for as long as the connection lives; where all lanes are taken, posters share the last.
TAKE_LANE: Final = """
    SELECT lane FROM generate_series(0, 62) AS lane WHERE pg_try_advisory_lock(7212, lane) LIMIT 1
"""
LAST_LANE: Final = 63

Connection = psycopg.Connection[tuple[Any, ...]]
Receipts = dict[tuple[int, UUID], tuple[bytes, Mapping[str, Any]]]
"""Fingerprint and answer of the commands done before, by actor and key."""


@dataclass(slots=True)
class _Wanted:
    """The needs of a whole batch, each named once."""

    holders: set[int] = field(default_factory=set)
    accounts: set[int] = field(default_factory=set)
    msisdns: set[str] = field(default_factory=set)
    operator: set[tuple[str, str]] = field(default_factory=set)
    records: defaultdict[type[Record], set[Any]] = field(default_factory=lambda: defaultdict(set))
    of_holders: set[type[OfHolder]] = field(default_factory=set)

    def add(self, needs: Needs) -> None:
        self.holders.update(needs.holders)
        self.accounts.update(needs.accounts)
        self.msisdns.update(needs.msisdns)
        self.operator.update(needs.operator)
        for kind, id_ in needs.records:
            self.records[kind].add(id_)
        self.of_holders.update(needs.of_holders)


def read_facts(
    line: Line,
    facts: Facts,
    needs: Iterable[Needs],
    operator_id: Callable[[tuple[str, str]], int],
    keys: Iterable[UUID],
) -> Receipts:
    """Lock and read into `facts` everything that `needs` name; begins the transaction.

    Returns what was done before under one of `keys`, by whichever actor.
    """
    wanted = _Wanted()
    for need in needs:
        wanted.add(need)
    line.do("BEGIN")
    _name(line, facts, wanted)
    ids = {"ids": array(sorted(wanted.holders))}
    accounts = [*wanted.accounts, *(operator_id(key) for key in wanted.operator)]
    line.ask(LOCK_ACCOUNTS, {"holders": ids["ids"], "ids": array(accounts)})
    line.ask(READ_HOLDERS, ids)
    line.ask(FIND_RECEIPTS, {"keys": array(keys)})
    for kind in wanted.of_holders:
        line.ask(kind.READ, ids)
    locked, read, receipts, *of_holders = line.answers()
    for row in locked:
        facts.add_account(Account(*row))
    for row in read:
        facts.add_holder(Holder(*row))
    facts.of_holders = wanted.of_holders
    for kind, rows in zip(wanted.of_holders, of_holders, strict=True):
        for row in rows:
            facts.add_record(kind.from_row(row))
    return {(row[0], row[1]): (row[2], row[3]) for row in receipts}


def _name(line: Line, facts: Facts, wanted: _Wanted) -> None:
    """Lock the records, and find whom numbers and records mean."""
    kinds = in_order(wanted.records)
    if not (kinds or wanted.msisdns):
        return
    for kind in kinds:
        line.ask(kind.LOCK, {"ids": array(sorted(wanted.records[kind]))})
    if wanted.msisdns:
        line.ask(RESOLVE_MSISDNS, {"msisdns": array(wanted.msisdns)})
    answers = line.answers()
    for kind, rows in zip(kinds, answers, strict=False):
        for row in rows:
            record = kind.from_row(row)
            facts.records[(kind, record.id)] = record
            needed = record.needs()
            if needed is not NOTHING:
                wanted.add(needed)
    if wanted.msisdns:
        wanted.holders.update(row[0] for row in answers[-1])


def take_lane(connection: Connection) -> int:
    """Return the number of the accounts that fees of this connection's postings go to."""
    row = connection.execute(TAKE_LANE).fetchone()
    return LAST_LANE if row is None else int(row[0])


def operator_account(
    connection: Connection, kind: str, currency: str, lane: int, *, id_: int, now: datetime
) -> int:
    """Return the id of the operator's account, opened as `id_` where there was none."""
    lane = lane if kind in EARNED else 0
    named = {"id": id_, "kind": kind, "currency": currency, "lane": lane, "now": now}
    connection.execute(OPEN_OPERATOR_ACCOUNT, named)
    row = connection.execute(FIND_OPERATOR_ACCOUNT, named).fetchone()
    assert row is not None, (kind, currency)
    return int(row[0])
