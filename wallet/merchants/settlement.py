"""Settlement as a merchant reads it: what is available when, and a day's statement line by line.

A statement's day is the merchant's local one. Its lines are a run of the ledger's own entry
numbers, so days neither overlap nor leave a gap, and each begins with what the one before left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from wallet.clock import start_of_day
from wallet.database import read
from wallet.errors import Code, Refused
from wallet.ledger.accounts import Kind
from wallet.money import Money

COMMISSIONS: Final = frozenset({"commission", "monthly_fee"})
RESERVES: Final = frozenset({"reserve", "free_reserve"})
DISORDER: Final = timedelta(minutes=1)
"""By how much an entry may at most tell an earlier time than one before it in its account: the
machines' clocks differ, and a batch's time is read before it waits for its locks."""

ACCOUNTS: Final = """
    SELECT a.id, a.kind, a.currency, a.balance_minor, a.entry_count
      FROM accounts a
     WHERE a.holder_id = :merchant AND a.kind IN ('settlement', 'reserve')
     ORDER BY a.currency, a.kind DESC
"""
RESERVED: Final = """
    SELECT currency, (available_at AT TIME ZONE :zone)::date, sum(amount_minor), count(*)
      FROM reserves   -- index reserves_of_merchant
     WHERE merchant_id = :merchant AND freed_at IS NULL
     GROUP BY 1, 2 ORDER BY 1, 2
"""
# What is disputed waits for its dispute; what goes back by itself is not the merchant's to expect.
HELD: Final = """
    SELECT c.currency, (c.deadline_at AT TIME ZONE :zone)::date,
           sum(c.amount_minor - c.released_minor - c.returned_minor - c.disputed_minor)
               FILTER (WHERE c.at_deadline = 'release'),
           count(*) FILTER (WHERE c.at_deadline = 'release'), sum(c.disputed_minor)
      FROM contracts c   -- index contracts_open_of_payee
      JOIN accounts a ON a.id = c.payee_account_id
     WHERE c.payee_id = :merchant AND c.closed_at IS NULL AND a.kind = 'settlement'
     GROUP BY 1, 2 ORDER BY 1, 2
"""
REFUNDS: Final = """
    SELECT currency, sum(amount_minor)
      FROM refunds   -- index refunds_waiting
     WHERE merchant_id = :merchant AND state = 'waiting'
     GROUP BY currency
"""
# The account's first entry that is not clearly before `at` is found by halving, then read on from:
# a statement costs what its day holds, however old and busy the account.
FIRST_FROM: Final = """
    WITH RECURSIVE halving (low, high) AS (
        SELECT 0::bigint, :count + 1::bigint
        UNION ALL
        SELECT CASE WHEN is_before THEN middle ELSE low END,
               CASE WHEN is_before THEN high ELSE middle END
          FROM (SELECT h.low, h.high, h.middle, p.posted_at < :nearly AS is_before
                  FROM (SELECT low, high, (low + high) / 2 AS middle
                          FROM halving WHERE high - low > 1) h
                  JOIN entries e ON e.account_id = :account AND e.entry_no = h.middle
                  JOIN postings p ON p.id = e.posting_id) probed
    )
    SELECT coalesce(
        (SELECT e.entry_no
           FROM entries e JOIN postings p ON p.id = e.posting_id
          WHERE e.account_id = :account AND e.entry_no > (SELECT max(low) FROM halving)
            AND e.entry_no <= :count AND p.posted_at >= :at
          ORDER BY e.entry_no
          LIMIT 1),
        :count + 1)
"""
OPENING: Final = """
    SELECT balance_after_minor FROM entries WHERE account_id = :account AND entry_no = :last
"""
# Between whom value moved is in the posting; a merchant knows a payer by name.
LINES: Final = """
    SELECT e.posting_id, p.kind, p.original_id, p.posted_at,
           CASE WHEN p.sender_id = p.receiver_id THEN NULL ELSE o.name END,
           e.amount_minor, e.balance_after_minor
      FROM entries e
      JOIN postings p ON p.id = e.posting_id
      LEFT JOIN holders o ON o.id = CASE WHEN p.sender_id = :merchant THEN p.receiver_id
                                         ELSE p.sender_id END
     WHERE e.account_id = :account AND e.entry_no >= :first AND e.entry_no < :after
     ORDER BY e.entry_no
"""


@dataclass(frozen=True, slots=True)
class OnDay:
    """Money that comes free on a local day, in how many parts."""

    day: date
    amount: Money
    count: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a merchant is owed in one currency, and when it can be paid out."""

    available: Money
    reserved: Money
    reserved_until: tuple[OnDay, ...]
    held: Money  # in open contracts, before commission; what is disputed is apart
    held_until: tuple[OnDay, ...]
    disputed: Money
    refunds: Money  # asked for and not covered yet: the next of what is available goes there


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of an account; gross, commission and reserve add up to `amount`."""

    posting_id: int
    kind: str
    original_id: int | None
    posted_at: datetime
    counterpart: str | None
    amount: Money
    balance: Money

    @property
    def commission(self) -> Money:
        return self._if(self.kind in COMMISSIONS)

    @property
    def reserve(self) -> Money:
        return self._if(self.kind in RESERVES)

    @property
    def gross(self) -> Money:
        return self._if(self.kind not in COMMISSIONS | RESERVES)

    def _if(self, is_so: bool) -> Money:
        return self.amount if is_so else Money(self.amount.currency, 0)


@dataclass(frozen=True, slots=True)
class Total:
    """All lines of one kind together."""

    kind: str
    count: int
    amount: Money


@dataclass(frozen=True, slots=True)
class AccountDay:
    """A day of one account: what was there, what came and went, what is left."""

    account_id: int
    kind: str
    opening: Money
    lines: tuple[Line, ...]
    closing: Money

    @property
    def totals(self) -> tuple[Total, ...]:
        """The lines by kind, in the order of the kinds' names."""
        kinds = sorted({line.kind for line in self.lines})
        return tuple(self._total(kind) for kind in kinds)

    def _total(self, kind: str) -> Total:
        amounts = [line.amount.minor for line in self.lines if line.kind == kind]
        return Total(kind, len(amounts), Money(self.opening.currency, sum(amounts)))


@dataclass(frozen=True, slots=True)
class Statement:
    """A merchant's local day, `from_at` to `until_at`; not complete while it lasts."""

    day: date
    zone: str
    from_at: datetime
    until_at: datetime
    is_complete: bool
    accounts: tuple[AccountDay, ...]


def settlements(engine: Engine, merchant_id: int, zone: ZoneInfo) -> tuple[Settlement, ...]:
    """Return what a merchant is owed, currency by currency."""
    accounts = read(engine, ACCOUNTS, merchant=merchant_id)
    named = {"merchant": merchant_id, "zone": zone.key}
    reserved, held = read(engine, RESERVED, **named), read(engine, HELD, **named)
    refunds = {row[0]: int(row[1]) for row in read(engine, REFUNDS, merchant=merchant_id)}
    found = []
    for _, kind, currency, balance_minor, _ in accounts:
        if kind == Kind.SETTLEMENT:
            kept = _on_days([row[1:] for row in reserved if row[0] == currency], currency)
            open_rows = [row[1:] for row in held if row[0] == currency]
            due = _on_days([row[:3] for row in open_rows if row[1]], currency)
            disputed = Money(currency, sum(int(row[3]) for row in open_rows))
            found.append(
                Settlement(
                    Money(currency, balance_minor),
                    _sum(kept, currency), kept, _sum(due, currency), due, disputed,
                    Money(currency, refunds.get(currency, 0)),
                )
            )  # fmt: skip
    return tuple(found)


def statement(
    engine: Engine, merchant_id: int, day: date, zone: ZoneInfo, now: datetime
) -> Statement:
    """Return a merchant's local day. Raises `Refused` for one that has not begun."""
    try:
        from_at, until_at = start_of_day(day, zone), start_of_day(day + timedelta(days=1), zone)
        has_begun = now >= from_at > from_at - DISORDER
    except OverflowError as error:  # the edges of the calendar
        raise Refused(Code.NOT_FOUND) from error
    if not has_begun:
        raise Refused(Code.NOT_FOUND)
    accounts = tuple(
        _account_day(engine, merchant_id, row, from_at, until_at)
        for row in read(engine, ACCOUNTS, merchant=merchant_id)
    )
    return Statement(day, zone.key, from_at, until_at, now >= until_at + DISORDER, accounts)


def _account_day(
    engine: Engine,
    merchant_id: int,
    account: tuple[Any, ...],
    from_at: datetime,
    until_at: datetime,
) -> AccountDay:
    account_id, kind, currency, _, count = account
    first, after = (_first_from(engine, account_id, count, at) for at in (from_at, until_at))
    before = read(engine, OPENING, account=account_id, last=first - 1)
    opening = Money(currency, before[0][0] if before else 0)
    rows = read(engine, LINES, merchant=merchant_id, account=account_id, first=first, after=after)
    lines = tuple(
        Line(posting, what, original, at, name, Money(currency, minor), Money(currency, left))
        for posting, what, original, at, name, minor, left in rows
    )
    return AccountDay(account_id, kind, opening, lines, lines[-1].balance if lines else opening)


def _first_from(engine: Engine, account_id: int, count: int, at: datetime) -> int:
    """Return the number of an account's first entry at or after `at`; past the last for none."""
    asked = {"account": account_id, "count": count, "at": at, "nearly": at - DISORDER}
    return int(read(engine, FIRST_FROM, **asked)[0][0])


def _on_days(rows: Sequence[tuple[Any, ...]], currency: str) -> tuple[OnDay, ...]:
    return tuple(OnDay(day, Money(currency, int(minor)), count) for day, minor, count in rows)


def _sum(parts: Sequence[OnDay], currency: str) -> Money:
    return Money(currency, sum(part.amount.minor for part in parts))
