"""Lists as people upload them: CSV or JSON lines, in UTF-8 with or without a byte order mark.

CSV is what spreadsheets save: with commas, semicolons or tabs, and with what is left of columns and
rows that were there once. A column without a name holds nothing; a row of empty cells is no row.

The bytes are held once and read through; what cannot be read as a list at all is refused whole,
and what is wrong in one row is that row's fault.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Iterator, Sequence
from io import BytesIO, TextIOWrapper
from typing import Any, Final, NamedTuple

from wallet.bulk.faults import Fault, RowFault
from wallet.errors import Code, Refused, quoted
from wallet.pasted import plain

MAX_BYTES: Final = 12 * 1024 * 1024
MAX_ROWS: Final = 100_000
CSV: Final = "text/csv"
JSON_LINES: Final = "application/jsonl"
COLUMNS: Final = ("msisdn", "amount", "currency", "name", "reference", "note")
REQUIRED: Final = ("msisdn", "amount")
_KNOWN: Final = frozenset(COLUMNS)
_CHUNK: Final = 1 << 16
_SEPARATORS: Final = ",;\t"
_SEP: Final = re.compile(r'"?sep=([,;\t])', re.IGNORECASE)
_OTHER_ENCODINGS: Final = {
    codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16", codecs.BOM_UTF32_BE: "UTF-32",
}  # fmt: skip


class Cells(NamedTuple):
    """A row's cells as they came, in the order of COLUMNS; None where there is none."""

    msisdn: Any
    amount: Any
    currency: Any
    name: Any
    reference: Any
    note: Any


def read_list(raw: bytes, kind: str) -> Iterator[tuple[int, Cells | Fault]]:
    """Give each row with its number, from 1.

    Raises `Refused` with `malformed` for what is no list of ours, and `body_too_large` for one
    of too many rows.
    """
    _check_encoding(raw)
    rows = _csv_rows(raw) if kind == CSV else _json_rows(raw)
    row_no = 0
    for row_no, cells in enumerate(rows, start=1):
        if row_no > MAX_ROWS:
            raise Refused(Code.BODY_TOO_LARGE, maximum=f"{MAX_ROWS} rows")
        yield row_no, cells if isinstance(cells, Cells) else Fault(row_no, *cells)
    if row_no == 0:
        raise malformed("The list is empty.")


def malformed(reason: str) -> Refused:
    """Return the refusal of a list that cannot be read."""
    return Refused(Code.MALFORMED, reason=reason)


def _check_encoding(raw: bytes) -> None:
    for mark, name in _OTHER_ENCODINGS.items():
        if raw.startswith(mark):
            raise malformed(f"The list is in {name}: save it as UTF-8.")
    if b"\0" in raw:  # no text has one, and UTF-16 without a mark has many
        line = raw.count(b"\n", 0, raw.index(b"\0")) + 1
        raise malformed(f"Line {line} holds a NUL character: save the list as UTF-8.")
    decode = codecs.getincrementaldecoder("utf-8")().decode
    view = memoryview(raw)
    for start in range(0, len(raw), _CHUNK):
        chunk = view[start : start + _CHUNK]
        try:
            decode(chunk, start + _CHUNK >= len(raw))
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, start + error.start) + 1
            raise malformed(f"Line {line} is not UTF-8: save the list as UTF-8.") from error


Bad = tuple[str, str, str]
"""A row that cannot be read at all: the fault's field, code and what."""


def _csv_rows(raw: bytes) -> Iterator[Cells | Bad]:
    with TextIOWrapper(BytesIO(raw), encoding="utf-8-sig", newline="") as text:
        separator = _separator(raw)
        reader = csv.reader(text, strict=True, delimiter=separator)
        try:
            header = next((row for row in reader if _is_filled(row) and not _is_sep(row)), None)
            if header is None:
                return
            places = _places(header)
            for row in reader:
                if _is_filled(row):
                    yield _cells(row, places, len(header))
        except csv.Error as error:
            # What follows cannot be told apart from what is quoted.
            raise malformed(f"Line {reader.line_num} is not CSV: {error}.") from error


def _separator(raw: bytes) -> str:
    """Return what stands between cells: what is said in the first line, or occurs most there."""
    start = raw[:_CHUNK].decode("utf-8-sig", "ignore").lstrip()
    if (said := _SEP.match(start)) is not None:
        return said[1]
    first = start.partition("\n")[0].partition("\r")[0]
    return max(_SEPARATORS, key=first.count)


def _is_sep(row: Sequence[str]) -> bool:
    """Tell whether a row is the line that tells Excel the separator, which splits it."""
    return row[0].lower().startswith("sep=")


def _is_filled(row: Sequence[str]) -> bool:
    return any(map(plain, row))


def _cells(row: Sequence[str], places: Sequence[int | None], width: int) -> Cells | Bad:
    """Return a row's cells; of those that are missing at its end, none may be required."""
    for at, cell in enumerate(row):
        if cell and at not in places and plain(cell):
            if at >= width:
                return ("", RowFault.MALFORMED, f"{len(row)} cells under {width} columns")
            return ("", RowFault.MALFORMED, f"Column {at + 1} has no name, and a cell in it.")
    cells = Cells(*[row[at] if at is not None and at < len(row) else None for at in places])
    if cells.msisdn is None or cells.amount is None:
        return ("", RowFault.MALFORMED, f"{len(row)} cells under {width} columns")
    return cells


def _places(header: Sequence[str]) -> list[int | None]:
    """Return where each of COLUMNS stands."""
    names = [plain(name).lower() for name in header]
    _check_names(names, "The first line")
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise malformed(f"The first line names no column {missing[0]}.")
    return [names.index(name) if name in names else None for name in COLUMNS]


def _check_names(names: Sequence[str], where: str) -> None:
    for at, name in enumerate(names):
        if not name:
            continue  # what is left of a column
        if name not in _KNOWN:
            known = ", ".join(COLUMNS)
            raise malformed(f"{where} names {quoted(name[:40])}: the columns are {known}.")
        if name in names[:at]:
            raise malformed(f"{where} names {name} twice.")


def _json_rows(raw: bytes) -> Iterator[Cells | Bad]:
    text = BytesIO(raw)
    text.seek(len(codecs.BOM_UTF8) if raw.startswith(codecs.BOM_UTF8) else 0)
    for line in text:
        if not line.isspace():
            yield _json_row(line)


def _json_row(line: bytes) -> Cells | Bad:
    try:
        pairs = json.loads(line.decode(), object_pairs_hook=list, parse_constant=_no_constant)
        if b"\\u" in line:  # only an escape can spell what no database can store
            json.dumps(pairs, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return ("", RowFault.MALFORMED, "Not JSON.")
    if not isinstance(pairs, list) or not all(isinstance(pair, tuple) for pair in pairs):
        return ("", RowFault.MALFORMED, "Not a JSON object.")
    found = dict(pairs)
    if len(found) != len(pairs):
        return ("", RowFault.MALFORMED, "A name is given twice.")
    unknown = next((name for name in found if name not in _KNOWN), None)
    if unknown is not None:
        return ("", RowFault.MALFORMED, f"The columns are {', '.join(COLUMNS)}.")
    return Cells(*[found.get(name) for name in COLUMNS])


def _no_constant(name: str) -> None:
    raise ValueError(name)
