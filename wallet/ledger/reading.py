"""How the poster locks and reads a batch's facts: set-based, in one lock order.

Records first (a contract names its parties), then holders, then accounts, each by rising id.
Whatever can change is read after the locks are held, in a statement of its own, so it is seen
as the last holder of the lock left it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import psycopg

from wallet.ledger.accounts import Account
from wallet.ledger.facts import Facts, Holder, Needs, Record, Till, Usage

RESOLVE_MSISDNS: Final = "SELECT id FROM holders WHERE msisdn = ANY(%(msisdns)s)"

RESOLVE_AGENTS: Final = "SELECT holder_id FROM agents WHERE number = ANY(%(agents)s)"

READ_TILLS: Final = """
    SELECT t.number, m.holder_id, m.name, m.city, m.category, m.escrow_period_s
      FROM tills t JOIN merchants m ON m.holder_id = t.merchant_id
     WHERE t.number = ANY(%(tills)s)
"""

LOCK_HOLDERS: Final = """
    SELECT id FROM holders WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE
"""

LOCK_ACCOUNTS: Final = """
    SELECT id, holder_id, kind, currency, balance_minor, entry_count
      FROM accounts
     WHERE holder_id = ANY(%(holders)s) OR id = ANY(%(ids)s)
     ORDER BY id   -- one lock order, so opposite sends cannot deadlock
       FOR NO KEY UPDATE   -- returns each row as its last writer left it
"""

READ_HOLDERS: Final = """
    SELECT h.id, h.msisdn, h.name, h.language, h.market, h.tier, h.status, h.pin_kid, h.pin_salt,
           h.pin_mac, h.pins_before, h.pin_failures, h.pin_locks, h.pin_locked_until,
           a.number, a.name
      FROM holders h LEFT JOIN agents a ON a.holder_id = h.id
     WHERE h.id = ANY(%(ids)s)
"""

READ_USAGE: Final = """
    SELECT holder_id, currency, day, day_out_minor, month_out_minor, day_in_minor, month_in_minor
      FROM limit_usage
     WHERE holder_id = ANY(%(ids)s)
"""

OPEN_OPERATOR_ACCOUNT: Final = """
    INSERT INTO accounts (id, kind, currency, opened_at)
    VALUES (%(id)s, %(kind)s, %(currency)s, %(now)s)
        ON CONFLICT DO NOTHING
"""

FIND_OPERATOR_ACCOUNT: Final = """
    SELECT id FROM accounts
     WHERE holder_id IS NULL AND kind <> 'escrow' AND kind = %(kind)s AND currency = %(currency)s
"""

Cursor = psycopg.Cursor[tuple[Any, ...]]


@dataclass(slots=True)
class _Wanted:
    """The needs of a whole batch, each named once."""

    holders: set[int] = field(default_factory=set)
    guarded: set[int] = field(default_factory=set)
    accounts: set[int] = field(default_factory=set)
    msisdns: set[str] = field(default_factory=set)
    tills: set[str] = field(default_factory=set)
    agents: set[str] = field(default_factory=set)
    operator: set[tuple[str, str]] = field(default_factory=set)
    records: defaultdict[type[Record], set[int]] = field(default_factory=lambda: defaultdict(set))

    def add(self, needs: Needs) -> None:
        self.holders.update(needs.holders)
        self.guarded.update(needs.guarded)
        self.accounts.update(needs.accounts)
        self.msisdns.update(needs.msisdns)
        self.tills.update(needs.tills)
        self.agents.update(needs.agents)
        self.operator.update(needs.operator)
        for kind, id_ in needs.records:
            self.records[kind].add(id_)


def read_facts(
    cursor: Cursor, facts: Facts, needs: Iterable[Needs], operator_ids: dict[tuple[str, str], int]
) -> None:
    """Lock and read into `facts` everything that `needs` name."""
    wanted = _Wanted()
    for need in needs:
        wanted.add(need)
    for kind in sorted(wanted.records, key=lambda each: each.RANK):
        cursor.execute(kind.LOCK, {"ids": sorted(wanted.records[kind])})
        for row in cursor.fetchall():
            record = kind.from_row(row)
            facts.records[(kind, record.id)] = record
            wanted.add(record.needs())
    _resolve(cursor, facts, wanted)
    account_ids = [*wanted.accounts, *(operator_ids[key] for key in wanted.operator)]
    holders = list(wanted.holders | wanted.guarded)
    if wanted.guarded:
        cursor.execute(LOCK_HOLDERS, {"ids": sorted(wanted.guarded)})
    _read_accounts(cursor, facts, holders, account_ids)
    _read_holders(cursor, facts, holders)


def operator_account(cursor: Cursor, kind: str, currency: str, *, id_: int, now: datetime) -> int:
    """Return the id of the operator's account, opened as `id_` where there was none."""
    named = {"id": id_, "kind": kind, "currency": currency, "now": now}
    cursor.execute(OPEN_OPERATOR_ACCOUNT, named)
    cursor.execute(FIND_OPERATOR_ACCOUNT, named)
    row = cursor.fetchone()
    assert row is not None, (kind, currency)
    return int(row[0])


def _resolve(cursor: Cursor, facts: Facts, wanted: _Wanted) -> None:
    if wanted.msisdns:
        cursor.execute(RESOLVE_MSISDNS, {"msisdns": list(wanted.msisdns)})
        wanted.holders.update(row[0] for row in cursor.fetchall())
    if wanted.agents:
        cursor.execute(RESOLVE_AGENTS, {"agents": list(wanted.agents)})
        wanted.holders.update(row[0] for row in cursor.fetchall())
    if wanted.tills:
        cursor.execute(READ_TILLS, {"tills": list(wanted.tills)})
        for row in cursor.fetchall():
            till = Till(*row)
            facts.tills[till.number] = till
            wanted.holders.add(till.merchant_id)


def _read_accounts(cursor: Cursor, facts: Facts, holders: list[int], ids: list[int]) -> None:
    if not holders and not ids:
        return
    cursor.execute(LOCK_ACCOUNTS, {"holders": holders, "ids": ids})
    for row in cursor.fetchall():
        facts.add_account(Account(*row))


def _read_holders(cursor: Cursor, facts: Facts, holders: list[int]) -> None:
    if not holders:
        return
    cursor.execute(READ_HOLDERS, {"ids": holders})
    for row in cursor.fetchall():
        facts.add_holder(Holder(*row))
    cursor.execute(READ_USAGE, {"ids": holders})
    for row in cursor.fetchall():
        usage = Usage(*row)
        facts.usages[usage.identity] = usage
