"""What a batch of a list leaves behind beside its entries: how far the list is, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from wallet.bulk.records import Bulk

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts


@dataclass(frozen=True, slots=True)
class BulkMoved:
    """The list after a batch."""

    WRITE: ClassVar[str] = """
        UPDATE bulks b
           SET state = v.state, done_rows = v.done_rows, paid_rows = v.paid_rows,
               paid_minor = v.paid_minor, held_rows = v.held_rows, held_minor = v.held_minor,
               refused_rows = v.refused_rows, refused_minor = v.refused_minor,
               fee_taken_minor = v.fee_taken_minor, done_at = v.done_at, next_at = v.next_at
          FROM unnest(%s::bigint[], %s::text[], %s::int[], %s::int[], %s::bigint[], %s::int[],
                      %s::bigint[], %s::int[], %s::bigint[], %s::bigint[], %s::timestamptz[],
                      %s::timestamptz[])
               AS v (id, state, done_rows, paid_rows, paid_minor, held_rows, held_minor,
                     refused_rows, refused_minor, fee_taken_minor, done_at, next_at)
         WHERE b.id = v.id
    """
    RANK: ClassVar[int] = 12

    bulk: Bulk
    next_at: datetime | None

    @property
    def identity(self) -> int:
        return self.bulk.id

    def values(self) -> tuple[Any, ...]:
        bulk = self.bulk
        return (
            bulk.id,
            bulk.state,
            bulk.done_rows,
            bulk.paid_rows,
            bulk.paid_minor,
            bulk.held_rows,
            bulk.held_minor,
            bulk.refused_rows,
            bulk.refused_minor,
            bulk.fee_taken_minor,
            bulk.done_at,
            self.next_at,
        )

    def apply(self, facts: Facts) -> None:
        facts.records[(Bulk, self.bulk.id)] = self.bulk


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that are posted together, and the first of their ids; the key makes it once."""

    WRITE: ClassVar[str] = """
        INSERT INTO bulk_batches (bulk_id, first_row, row_count, first_id, posted_at)
        SELECT * FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::bigint[], %s::timestamptz[])
    """
    RANK: ClassVar[int] = 13

    bulk_id: int
    first_row: int
    row_count: int
    first_id: int
    posted_at: datetime

    @property
    def identity(self) -> tuple[int, int]:
        return (self.bulk_id, self.first_row)

    def values(self) -> tuple[Any, ...]:
        return (self.bulk_id, self.first_row, self.row_count, self.first_id, self.posted_at)

    def apply(self, facts: Facts) -> None:
        """Nothing reads it in the same batch."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row that was not simply paid."""

    WRITE: ClassVar[str] = """
        INSERT INTO bulk_outcomes (bulk_id, row_no, outcome, code)
        SELECT * FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::text[])
    """
    RANK: ClassVar[int] = 13

    bulk_id: int
    row_no: int
    outcome: str
    code: str | None = None

    @property
    def identity(self) -> tuple[int, int]:
        return (self.bulk_id, self.row_no)

    def values(self) -> tuple[Any, ...]:
        return (self.bulk_id, self.row_no, self.outcome, self.code)

    def apply(self, facts: Facts) -> None:
        """Nothing reads it in the same batch."""
