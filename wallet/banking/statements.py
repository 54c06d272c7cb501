"""Statements as they are kept: each account's are a chain without a gap or a fork.

A statement opens with what the one taken before it closed with; an account's first may open with
anything. Else nobody could tell a statement that the bank never sent, or one that got lost. Banks
number, date and page their statements each in their own way, and use an id again next year: the
balances alone tell the order, and what moved. A line is known by its place in that chain; a
reference of the bank's that comes again tells nothing.

A statement may go over old ground: of one that opens earlier in the chain, and whose lines are
those of the chain from there on, only what goes beyond the chain is new.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from wallet.banking.iso20022.camt053 import Line, Statement, StatementGap
from wallet.clock import Ids
from wallet.money import Money

# Two files in the same instant: the second sees what the first has closed with.
LOCK_STATEMENTS: Final = text("SELECT pg_advisory_xact_lock(hashtext('kibubu bank statements'))")
LINES_OF_NAMESAKES: Final = text("""
    SELECT s.id, l.amount_minor, l.booked_on, l.end_to_end_id
      FROM bank_statements s
      LEFT JOIN bank_lines l ON l.statement_id = s.id
     WHERE s.account = :account AND s.currency = :currency AND s.name = :name
       AND s.opening_minor = :opening_minor AND s.closing_minor = :closing_minor
     ORDER BY s.id, l.line_no   -- index bank_statements_named
""")
LAST_STATEMENT: Final = text("""
    SELECT s.id, s.name, s.closing_minor
      FROM bank_statements s
     WHERE s.account = :account AND s.currency = :currency
       AND NOT EXISTS (SELECT FROM bank_statements n WHERE n.follows = s.id)
""")
ADD_STATEMENT: Final = text("""
    INSERT INTO bank_statements (id, file_id, account, name, currency, opening_minor,
                                 closing_minor, line_count, follows)
    VALUES (:id, :file_id, :account, :name, :currency, :opening_minor, :closing_minor, :line_count,
            :follows)
""")
# From the last statement back to one that has a line of before that day.
LINES_SINCE: Final = text("""
    WITH RECURSIVE chain AS (
        SELECT s.id, s.follows, 0 AS back
          FROM bank_statements s
         WHERE s.id = :last
         UNION ALL
        SELECT s.id, s.follows, c.back + 1
          FROM chain c
          JOIN bank_statements s ON s.id = c.follows
         WHERE NOT EXISTS (SELECT FROM bank_lines l
                            WHERE l.statement_id = c.id AND l.booked_on < :since)
    )
    SELECT l.amount_minor, l.booked_on, l.end_to_end_id, l.bank_reference
      FROM chain c
      JOIN bank_lines l ON l.statement_id = c.id
     ORDER BY c.back DESC, l.line_no
""")
ADD_LINES: Final = text("""
    INSERT INTO bank_lines (id, statement_id, line_no, account, currency, bank_reference,
                            amount_minor, booked_on, end_to_end_id, is_reversal, told)
    SELECT l.id, s.id, :after + l.line_no, s.account, s.currency, l.bank_reference,
           l.amount_minor, l.booked_on, l.end_to_end_id, l.is_reversal, l.told
      FROM bank_statements s,
           unnest(CAST(:ids AS bigint[]), CAST(:bank_references AS text[]),
                  CAST(:amounts AS bigint[]), CAST(:days AS date[]), CAST(:references AS text[]),
                  CAST(:reversals AS boolean[]), CAST(:told AS text[])) WITH ORDINALITY
        AS l (id, bank_reference, amount_minor, booked_on, end_to_end_id, is_reversal, told,
              line_no)
     WHERE s.id = :statement_id
""")
COMPLETE: Final = text("UPDATE bank_statements SET line_count = :line_count WHERE id = :id")
# What the trust account should hold at the bank: what of it has not left by any statement yet too.
IN_THE_BOOKS: Final = text("""
    SELECT (SELECT coalesce(-sum(a.balance_minor), 0)
              FROM accounts a
             WHERE a.kind = 'trust' AND a.currency = :currency)
         + (SELECT coalesce(sum(p.amount_minor), 0)
              FROM payouts p
             WHERE p.kind = 'bank' AND p.state = 'paid' AND p.currency = :currency
               AND NOT EXISTS (SELECT FROM bank_lines l WHERE l.payout_id = p.id))
""")


LineSaid = tuple[int, date, str | None]
"""A line as far as it tells one statement from another: amount, day, our reference."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept of a statement: `line_count` of its lines, none where it was known before."""

    said: Statement
    line_count: int
    is_known: bool = False
    is_first: bool = False


def add_statements(
    connection: Connection, ids: Ids, file_id: int, said: Sequence[Statement], now: datetime
) -> list[Kept]:
    """Store a file's statements, in its order. Raises `StatementGap`."""
    connection.execute(LOCK_STATEMENTS)
    return [_add_statement(connection, ids, file_id, each, now) for each in said]


def _add_statement(
    connection: Connection, ids: Ids, file_id: int, said: Statement, now: datetime
) -> Kept:
    where = {"account": said.account, "currency": said.opening.currency}
    for namesake, kept in _namesakes(connection, said, where).items():
        missing = _missing(said, kept)
        if missing:  # an earlier release dropped a line whose reference had come before
            _add_lines(connection, ids, namesake, missing, len(kept), now)
            connection.execute(COMPLETE, {"id": namesake, "line_count": len(said.lines)})
        if missing is not None:
            return Kept(said, len(missing), is_known=True)
    last = connection.execute(LAST_STATEMENT, where).one_or_none()
    lines, opening = said.lines, said.opening.minor
    if last is not None and last.closing_minor != opening:
        before = _overlap(connection, said, last)
        if before == len(lines):
            return Kept(said, 0, is_known=True)
        lines, opening = lines[before:], last.closing_minor
    statement_id = ids.next(now)
    connection.execute(
        ADD_STATEMENT,
        {**where, "id": statement_id, "file_id": file_id, "name": said.id,
         "opening_minor": opening, "closing_minor": said.closing.minor, "line_count": len(lines),
         "follows": None if last is None else last.id},
    )  # fmt: skip
    _add_lines(connection, ids, statement_id, lines, 0, now)
    return Kept(said, len(lines), is_first=last is None)


def _add_lines(
    connection: Connection,
    ids: Ids,
    statement_id: int,
    lines: Sequence[Line],
    after: int,
    now: datetime,
) -> None:
    if not lines:
        return
    first = ids.block(now, len(lines))
    columns = {
        "statement_id": statement_id,
        "after": after,
        "ids": list(range(first, first + len(lines))),
        "bank_references": [each.bank_reference for each in lines],
        "amounts": [each.amount.minor for each in lines],
        "days": [each.booked_on for each in lines],
        "references": [each.end_to_end_id for each in lines],
        "reversals": [each.is_reversal for each in lines],
        "told": [each.told for each in lines],
    }
    connection.execute(ADD_LINES, columns)


def _namesakes(
    connection: Connection, said: Statement, where: Mapping[str, str]
) -> Mapping[int, list[LineSaid]]:
    """Return the lines of each statement of this id and these balances that has come before."""
    asked = {
        **where, "name": said.id, "opening_minor": said.opening.minor,
        "closing_minor": said.closing.minor,
    }  # fmt: skip
    found: dict[int, list[LineSaid]] = {}
    for id_, *line in connection.execute(LINES_OF_NAMESAKES, asked):
        lines = found.setdefault(id_, [])
        if line[0] is not None:  # the one row of a statement without lines
            lines.append(tuple(line))
    return found


def _missing(said: Statement, lines: list[LineSaid]) -> tuple[Line, ...] | None:
    """Return which lines a namesake lacks; None where it is another statement."""
    left, missing = Counter(lines), []
    for each in said.lines:
        if left[_said(each)] > 0:
            left[_said(each)] -= 1
        else:
            missing.append(each)
    movement = said.closing.minor - said.opening.minor
    is_whole = sum(amount for amount, *_ in lines) == movement
    return None if left.total() or (missing and is_whole) else tuple(missing)


def _said(line: Line) -> LineSaid:
    return line.amount.minor, line.booked_on, line.end_to_end_id


def _overlap(connection: Connection, said: Statement, last: Row[Any]) -> int:
    """Return how many of a statement's lines, from its first on, earlier ones have shown.

    They are all that there is from its opening balance to the last closing one, or all of it.
    Raises `StatementGap` where there is no such place.
    """
    lines = [(*_said(each), each.bank_reference) for each in said.lines]
    if lines:
        since = {"last": last.id, "since": min(day for _, day, *_ in lines)}
        kept = [tuple(row) for row in connection.execute(LINES_SINCE, since)]
        balance = last.closing_minor
        for start in range(len(kept) - 1, -1, -1):
            balance -= kept[start][0]
            shown = kept[start : start + len(lines)]
            if balance == said.opening.minor and shown == lines[: len(shown)]:
                return len(shown)
    raise StatementGap(
        f"statement {said.id} does not open with what {last.name} closed with",
        Money(said.opening.currency, last.closing_minor),
        said.opening,
    )


def in_the_books(connection: Connection, currency: str) -> Money:
    """Return what our account should hold before its first statement, by what we have booked."""
    minor = connection.execute(IN_THE_BOOKS, {"currency": currency}).scalar_one()
    return Money(currency, int(minor))
