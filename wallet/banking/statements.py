"""Statements as they are kept: each account's are a chain without a gap or a fork.

A statement opens with what the one taken before it closed with; an account's first may open with
anything. Else nobody could tell a statement that the bank never sent, or one that got lost. Banks
number and date their statements each in their own way, so the balances alone tell the order.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text

from wallet.banking.iso20022.camt053 import Statement, StatementGap
from wallet.banking.iso20022.documents import BadDocument
from wallet.clock import Ids
from wallet.money import Money

# Two files in the same instant: the second sees what the first has closed with.
LOCK_STATEMENTS: Final = text("SELECT pg_advisory_xact_lock(hashtext('kibubu bank statements'))")
STATEMENT_KNOWN: Final = text("""
    SELECT opening_minor, closing_minor FROM bank_statements
     WHERE account = :account AND currency = :currency AND name = :name
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
LINES_KNOWN: Final = text("""
    SELECT key, amount_minor FROM bank_lines
     WHERE account = :account AND currency = :currency AND key = ANY(:keys)
""")
ADD_LINES: Final = text("""
    INSERT INTO bank_lines (id, statement_id, account, currency, key, amount_minor, booked_on,
                            end_to_end_id, is_reversal, told)
    SELECT id, :statement_id, :account, :currency, key, amount_minor, booked_on, end_to_end_id,
           is_reversal, told
      FROM unnest(CAST(:ids AS bigint[]), CAST(:keys AS text[]), CAST(:amounts AS bigint[]),
                  CAST(:days AS date[]), CAST(:references AS text[]),
                  CAST(:reversals AS boolean[]), CAST(:told AS text[]))
        AS l (id, key, amount_minor, booked_on, end_to_end_id, is_reversal, told)
""")


def add_statements(
    connection: Connection, ids: Ids, file_id: int, said: Sequence[Statement], now: datetime
) -> list[int | None]:
    """Store a file's statements, in its order; return of each what `_add_statement` does."""
    connection.execute(LOCK_STATEMENTS)
    return [_add_statement(connection, ids, file_id, each, now) for each in said]


def bare(account: str) -> str:
    """Return an account's number as it is compared."""
    return account.replace(" ", "").upper()


def _add_statement(
    connection: Connection, ids: Ids, file_id: int, said: Statement, now: datetime
) -> int | None:
    """Store a statement's lines; return how many are new, or None where it is known."""
    where = {"account": bare(said.account), "currency": said.opening.currency}
    balances = {"opening_minor": said.opening.minor, "closing_minor": said.closing.minor}
    known = connection.execute(STATEMENT_KNOWN, {**where, "name": said.id}).one_or_none()
    if known is not None:
        if known._asdict() != balances:
            raise BadDocument(f"statement {said.id} came before with other balances")
        return None
    follows = _followed(connection, said, where)
    keys = {"keys": [each.key for each in said.lines]}
    known_lines = connection.execute(LINES_KNOWN, {**where, **keys})
    before: dict[str, int] = {row.key: row.amount_minor for row in known_lines}
    new = [each for each in said.lines if before.get(each.key) != each.amount.minor]
    statement_id = ids.next(now)
    connection.execute(
        ADD_STATEMENT,
        {**where, **balances, "id": statement_id, "file_id": file_id, "name": said.id,
         "line_count": len(new), "follows": follows},
    )  # fmt: skip
    if new:
        first = ids.block(now, len(new))
        # A reference that an earlier line had for another amount tells of another line.
        own = [f"{each.key} of {said.id}" if each.key in before else each.key for each in new]
        lines = {
            "statement_id": statement_id,
            "ids": list(range(first, first + len(new))),
            "keys": own,
            "amounts": [each.amount.minor for each in new],
            "days": [each.booked_on for each in new],
            "references": [each.end_to_end_id for each in new],
            "reversals": [each.is_reversal for each in new],
            "told": [each.told for each in new],
        }
        connection.execute(ADD_LINES, {**where, **lines})
    return len(new)


def _followed(connection: Connection, said: Statement, where: dict[str, str]) -> int | None:
    """Return the statement that this one continues, None for the account's first.

    Raises `StatementGap` where it does not open with what that one closed with.
    """
    last = connection.execute(LAST_STATEMENT, where).one_or_none()
    if last is None:
        return None
    closed_with = Money(said.opening.currency, last.closing_minor)
    if said.opening != closed_with:
        raise StatementGap(
            f"statement {said.id} does not open with what {last.name} closed with",
            closed_with, said.opening,
        )  # fmt: skip
    id_: int = last.id
    return id_
