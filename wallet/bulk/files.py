"""Files for those who uploaded a list: its mistakes, and what became of its rows.

They are opened in spreadsheets. A cell that would begin a formula gets an apostrophe in front, so
that nobody's file runs what somebody else has written into it; phone numbers are left alone.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from typing import Final

import orjson

from wallet.bulk.faults import Fault
from wallet.bulk.reading import RowView
from wallet.clock import reference

FAULT_COLUMNS: Final = ("row", "column", "code", "what")
ROW_COLUMNS: Final = (
    "row", "msisdn", "amount", "currency", "reference", "name", "note", "state", "transaction",
    "code", "posted_at",
)  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_LINES_A_CHUNK: Final = 500


def safe(cell: str) -> str:
    """Return a cell as no spreadsheet takes it for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def faults_csv(faults: Iterable[Fault], means: Mapping[str, str]) -> Iterator[bytes]:
    """Give the mistakes as CSV; `means` says what each code is in words."""
    return _csv(
        FAULT_COLUMNS,
        (
            (str(row_no), safe(column), code, safe(f"{means.get(code, '')} {what}".strip()))
            for row_no, column, code, what in faults
        ),
    )


def rows_csv(rows: Iterable[RowView]) -> Iterator[bytes]:
    """Give a list's rows as CSV."""
    return _csv(ROW_COLUMNS, (_cells(row) for row in rows))


def rows_jsonl(rows: Iterable[RowView]) -> Iterator[bytes]:
    """Give a list's rows as JSON lines."""
    for row in rows:
        yield orjson.dumps({
            "row": row.row_no, "msisdn": row.msisdn, "amount": row.amount.json,
            "reference": row.reference, "name": row.name, "note": row.note, "state": row.state,
            "transaction": None if row.posting_id is None else reference(row.posting_id),
            "code": row.code, "posted_at": row.posted_at,
        }) + b"\n"  # fmt: skip


def _cells(row: RowView) -> tuple[str, ...]:
    return (
        str(row.row_no),
        row.msisdn,
        row.amount.text,
        row.amount.currency,
        safe(row.reference or ""),
        safe(row.name or ""),
        safe(row.note or ""),
        row.state,
        "" if row.posting_id is None else reference(row.posting_id),
        row.code or "",
        "" if row.posted_at is None else row.posted_at.isoformat(),
    )


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    for line, row in enumerate(rows, start=1):
        writer.writerow(row)
        if line % _LINES_A_CHUNK == 0:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()
