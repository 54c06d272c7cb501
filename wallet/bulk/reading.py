"""What who pays a list may read of it: how far it is, its mistakes, what became of each row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Engine

from wallet.bulk.faults import Fault
from wallet.bulk.records import Bulk
from wallet.clock import reference
from wallet.database import read
from wallet.ledger.entries import cursor_id
from wallet.money import Money

ROWS_A_READ: Final = 5_000

READ_BULK: Final = f"""
    SELECT {Bulk.COLUMNS} FROM bulks b WHERE b.id = :bulk AND b.holder_id = :holder
"""

READ_BULKS: Final = f"""
    SELECT {Bulk.COLUMNS} FROM bulks b
     WHERE b.holder_id = :holder AND b.id < :before
     ORDER BY b.id DESC
     LIMIT :limit
"""

READ_FAULTS: Final = """
    SELECT row_no, field, code, what FROM bulk_errors
     WHERE bulk_id = :bulk AND error_no > :after
     ORDER BY error_no
     LIMIT :limit
"""

# A row's posting counts from its batch's first; what is no batch's yet is waiting.
READ_ROWS: Final = """
    SELECT r.row_no, r.msisdn, r.amount_minor, r.reference, r.name, r.note,
           CASE WHEN t.first_id IS NULL THEN 'waiting' ELSE coalesce(o.outcome, 'paid') END,
           CASE WHEN o.outcome IS DISTINCT FROM 'refused' THEN t.first_id + r.row_no - t.first_row
            END,
           o.code, t.posted_at
      FROM bulk_rows r
      LEFT JOIN LATERAL (SELECT b.first_id, b.first_row, b.posted_at FROM bulk_batches b
                          WHERE b.bulk_id = r.bulk_id AND b.first_row <= r.row_no
                            AND b.first_row + b.row_count > r.row_no
                          ORDER BY b.first_row DESC LIMIT 1) t ON true
      LEFT JOIN bulk_outcomes o ON o.bulk_id = r.bulk_id AND o.row_no = r.row_no
     WHERE r.bulk_id = :bulk AND r.row_no > :after AND r.row_no <= :after + :limit
     ORDER BY r.row_no
"""


@dataclass(frozen=True, slots=True)
class Bulks:
    """A page of lists, newest first; `next_cursor` asks for the older ones, None at the end."""

    items: tuple[Bulk, ...]
    next_cursor: str | None


class RowView(NamedTuple):
    """One row and what became of it: waiting, paid, held or refused, with its `code`."""

    row_no: int
    msisdn: str
    amount: Money
    reference: str | None
    name: str | None
    note: str | None
    state: str
    posting_id: int | None
    code: str | None
    posted_at: datetime | None


def bulk_of(engine: Engine, holder_id: int, bulk_id: int) -> Bulk | None:
    """Return one of a holder's own lists."""
    rows = read(engine, READ_BULK, bulk=bulk_id, holder=holder_id)
    return Bulk.from_row(rows[0]) if rows else None


def bulks_of(engine: Engine, holder_id: int, before: str | None, limit: int) -> Bulks:
    """Return a holder's lists, newest first. Raises `Refused` for a cursor that is none of ours."""
    rows = read(engine, READ_BULKS, holder=holder_id, before=cursor_id(before), limit=limit + 1)
    items = tuple(Bulk.from_row(row) for row in rows[:limit])
    return Bulks(items, reference(items[-1].id) if len(rows) > limit else None)


def faults_of(engine: Engine, bulk_id: int) -> Iterator[Fault]:
    """Give everything that was wrong with a list, row by row."""
    after = 0
    while found := read(engine, READ_FAULTS, bulk=bulk_id, after=after, limit=ROWS_A_READ):
        after += len(found)
        yield from (Fault(*row) for row in found)


def rows_of(engine: Engine, bulk: Bulk) -> Iterator[RowView]:
    """Give every row of a list with what became of it so far."""
    for after in range(0, bulk.row_count, ROWS_A_READ):
        for row in read(engine, READ_ROWS, bulk=bulk.id, after=after, limit=ROWS_A_READ):
            yield _view(row, bulk.currency)


def _view(row: tuple[Any, ...], currency: str) -> RowView:
    row_no, msisdn, minor, *rest = row
    return RowView(row_no, msisdn, Money(currency, minor), *rest)
