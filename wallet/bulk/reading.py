"""What who pays a list may read of it: how far it is, its mistakes, what became of each row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Engine

from wallet.bulk.faults import Fault
from wallet.bulk.outcomes import Tally
from wallet.bulk.records import Bulk
from wallet.clock import reference
from wallet.database import read
from wallet.ledger.entries import cursor_id
from wallet.money import Money

ROWS_A_READ: Final = 5_000

_PROGRESS: Final = """t.* FROM bulks b CROSS JOIN LATERAL (
        SELECT coalesce(sum(paid_rows), 0)::bigint, coalesce(sum(paid_minor), 0)::bigint,
               coalesce(sum(held_rows), 0)::bigint, coalesce(sum(held_minor), 0)::bigint,
               coalesce(sum(refused_rows), 0)::bigint, coalesce(sum(refused_minor), 0)::bigint,
               coalesce(sum(fee_taken_minor), 0)::bigint
          FROM bulk_batches WHERE bulk_id = b.id) t"""

READ_BULK: Final = f"""
    SELECT {Bulk.COLUMNS}, {_PROGRESS} WHERE b.id = :bulk AND b.holder_id = :holder
"""

READ_BULKS: Final = f"""
    SELECT {Bulk.COLUMNS}, {_PROGRESS}
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

# A row's posting counts from its batch's first; what is in no posted batch yet is waiting.
READ_ROWS: Final = """
    SELECT r.row_no, r.msisdn, r.amount_minor, r.reference, r.name, r.note,
           CASE WHEN t.posted_at IS NULL THEN 'waiting' ELSE coalesce(o.outcome, 'paid') END,
           CASE WHEN o.outcome IS DISTINCT FROM 'refused' THEN t.first_id + r.row_no - t.first_row
            END,
           o.code, t.posted_at
      FROM bulk_rows r
      JOIN bulk_batches t ON t.bulk_id = r.bulk_id AND r.row_no >= t.first_row
                         AND r.row_no < t.first_row + t.row_count
      LEFT JOIN bulk_outcomes o ON o.bulk_id = r.bulk_id AND o.row_no = r.row_no
     WHERE r.bulk_id = :bulk AND r.row_no > :after AND r.row_no <= :after + :limit
     ORDER BY r.row_no
"""


class BulkView(NamedTuple):
    """A list and how far it is."""

    bulk: Bulk
    tally: Tally


@dataclass(frozen=True, slots=True)
class Bulks:
    """A page of lists, newest first; `next_cursor` asks for the older ones, None at the end."""

    items: tuple[BulkView, ...]
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


def bulk_of(engine: Engine, holder_id: int, bulk_id: int) -> BulkView | None:
    """Return one of a holder's own lists."""
    rows = read(engine, READ_BULK, bulk=bulk_id, holder=holder_id)
    return _bulk_view(rows[0]) if rows else None


def bulks_of(engine: Engine, holder_id: int, before: str | None, limit: int) -> Bulks:
    """Return a holder's lists, newest first. Raises `Refused` for a cursor that is none of ours."""
    rows = read(engine, READ_BULKS, holder=holder_id, before=cursor_id(before), limit=limit + 1)
    items = tuple(_bulk_view(row) for row in rows[:limit])
    return Bulks(items, reference(items[-1].bulk.id) if len(rows) > limit else None)


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


def _bulk_view(row: tuple[Any, ...]) -> BulkView:
    counted = len(fields(Tally))
    return BulkView(Bulk(*row[:-counted]), Tally(*row[-counted:]))


def _view(row: tuple[Any, ...], currency: str) -> RowView:
    row_no, msisdn, minor, *rest = row
    return RowView(row_no, msisdn, Money(currency, minor), *rest)
