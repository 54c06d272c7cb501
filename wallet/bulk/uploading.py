"""Taking a list in: read, checked as a whole, and stored; nothing moves yet.

A list with one bad row, be it the last, is stored as rejected with every mistake in it, and none
of its rows. The same key brings the same list once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final, NamedTuple
from uuid import UUID

import psycopg
from sqlalchemy import Engine

from wallet.bulk.checking import Checker, Payer, Row
from wallet.bulk.faults import Fault
from wallet.bulk.lists import read_list
from wallet.database import read
from wallet.errors import Code, Refused
from wallet.ledger.reading import Connection
from wallet.markets import Market

ROWS_A_BATCH: Final = 1_000
"""Its wallets are locked while it is posted: more would keep other payments waiting too long."""
LANES: Final = 4
"""So many workers can post one list at the same time."""

MAX_FAULTS: Final = 100_000
"""More mistakes than this are counted but not told one by one."""

READ_PAYER: Final = "SELECT id, msisdn, market, tier FROM holders WHERE id = :holder"

COPY_ROWS: Final = """
    COPY bulk_rows (bulk_id, row_no, msisdn, amount_minor, fee_minor, reference, name, note)
    FROM STDIN
"""

COPY_BATCHES: Final = """
    COPY bulk_batches (bulk_id, first_row, row_count, lane, amount_minor, fee_minor) FROM STDIN
"""

COPY_FAULTS: Final = """
    COPY bulk_errors (bulk_id, error_no, row_no, field, code, what) FROM STDIN
"""

INSERT_BULK: Final = """
    INSERT INTO bulks (id, holder_id, source_kind, key, fingerprint, title, currency, state,
                       row_count, amount_minor, fee_minor, bad_rows, uploaded_at)
    VALUES (%(id)s, %(holder)s, %(source)s, %(key)s, %(fingerprint)s, %(title)s, %(currency)s,
            %(state)s, %(rows)s, %(amount)s, %(fee)s, %(bad_rows)s, %(now)s)
        ON CONFLICT (holder_id, key) DO NOTHING
"""

FIND_BY_KEY: Final = """
    SELECT id, fingerprint FROM bulks WHERE holder_id = :holder AND key = :key
"""


@dataclass(frozen=True, slots=True)
class Upload:
    """A list as it came, from whom, to be paid from their account of this kind."""

    payer_id: int
    source_kind: str
    key: UUID
    raw: bytes
    kind: str
    currency: str | None = None
    title: str | None = None
    rows_a_batch: int = ROWS_A_BATCH

    @property
    def fingerprint(self) -> bytes:
        told = repr((self.source_kind, self.kind, self.currency, self.title)).encode()
        found = blake2b(told, digest_size=16)
        found.update(self.raw)
        return found.digest()


class Stored(NamedTuple):
    """The list's id. `replayed`: it had been stored before."""

    bulk_id: int
    replayed: bool


@dataclass(slots=True)
class _Reading:
    """A list while it is read; ends with what is wrong with it."""

    upload: Upload
    checker: Checker
    rows: int = 0
    bad_rows: int = 0
    faults: list[Fault] = field(default_factory=list)
    sums: list[tuple[int, int]] = field(default_factory=list)  # amount and fee of each batch

    def good_rows(self) -> Iterator[Row]:
        for row_no, cells in read_list(self.upload.raw, self.upload.kind):
            self.rows = row_no
            if (row_no - 1) % self.upload.rows_a_batch == 0:
                self.sums.append((0, 0))
            found = [cells] if isinstance(cells, Fault) else self.checker.check(row_no, cells)
            if isinstance(found, Row):
                amount_minor, fee_minor = self.sums[-1]
                self.sums[-1] = (amount_minor + found.amount_minor, fee_minor + found.fee_minor)
                yield found
                continue
            self.bad_rows += 1
            if len(self.faults) < MAX_FAULTS:
                self.faults.extend(found)

    def batches(self, bulk_id: int) -> Iterator[tuple[int, ...]]:
        size = self.upload.rows_a_batch
        for place, sums in enumerate(self.sums):
            first_row = place * size + 1
            yield (bulk_id, first_row, min(size, self.rows - first_row + 1), place % LANES, *sums)


def store(
    engine: Engine, upload: Upload, bulk_id: int, now: datetime, home: str,
    markets: Mapping[str, Market],
) -> Stored:  # fmt: skip
    """Check and store a list as `bulk_id`, or find it where it was stored before.

    Raises `Refused`: `malformed` and `body_too_large` for what is no list, `key_reused`.
    """
    before = _stored_before(engine, upload)
    if before is not None:
        return before
    (payer,) = read(engine, READ_PAYER, holder=upload.payer_id)
    reading = _Reading(upload, Checker(Payer(*payer), home, markets, upload.currency))
    with _transaction(engine) as connection:
        _copy(connection, COPY_ROWS, ((bulk_id, *row) for row in reading.good_rows()))
        if not reading.bad_rows:
            _copy(connection, COPY_BATCHES, reading.batches(bulk_id))
        else:
            connection.rollback()
            numbered = enumerate(reading.faults, start=1)
            _copy(connection, COPY_FAULTS, ((bulk_id, no, *fault) for no, fault in numbered))
        written = connection.execute(INSERT_BULK, _named(reading, bulk_id, now)).rowcount
        if not written:
            connection.rollback()
    if written:
        return Stored(bulk_id, replayed=False)
    found = _stored_before(engine, upload)  # the same key was quicker elsewhere
    assert found is not None, upload.key
    return found


def _stored_before(engine: Engine, upload: Upload) -> Stored | None:
    found = read(engine, FIND_BY_KEY, holder=upload.payer_id, key=upload.key)
    if not found:
        return None
    if found[0][1] != upload.fingerprint:
        raise Refused(Code.KEY_REUSED)
    return Stored(found[0][0], replayed=True)


def _named(reading: _Reading, bulk_id: int, now: datetime) -> dict[str, Any]:
    upload, is_good = reading.upload, reading.bad_rows == 0
    return {
        "id": bulk_id,
        "holder": upload.payer_id,
        "source": upload.source_kind,
        "key": upload.key,
        "fingerprint": upload.fingerprint,
        "title": upload.title,
        "currency": reading.checker.currency,
        "state": "checked" if is_good else "rejected",
        "rows": reading.rows,
        "amount": reading.checker.amount_minor if is_good else 0,
        "fee": reading.checker.fee_minor if is_good else 0,
        "bad_rows": reading.bad_rows,
        "now": now,
    }


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    pooled = engine.raw_connection()
    try:
        raw = pooled.driver_connection
        assert isinstance(raw, psycopg.Connection)
        yield raw
        raw.commit()
    finally:
        pooled.close()  # what was not committed is undone


def _copy(connection: Connection, statement: str, rows: Iterator[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        for row in rows:
            copy.write_row(row)
