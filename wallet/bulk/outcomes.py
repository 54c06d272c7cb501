"""What posting a list leaves behind beside its entries: what became of each batch and row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts


@dataclass(slots=True)
class Tally:
    """What became of a batch's rows, in numbers; amounts in minor units."""

    paid_rows: int = 0
    paid_minor: int = 0
    held_rows: int = 0
    held_minor: int = 0
    refused_rows: int = 0
    refused_minor: int = 0
    fee_minor: int = 0


@dataclass(frozen=True, slots=True)
class BatchPosted:
    """A batch whose rows have been posted; the database lets that be said once."""

    WRITE: ClassVar[str] = """
        UPDATE bulk_batches t
           SET first_id = v.first_id, posted_at = v.posted_at, paid_rows = v.paid_rows,
               paid_minor = v.paid_minor, held_rows = v.held_rows, held_minor = v.held_minor,
               refused_rows = v.refused_rows, refused_minor = v.refused_minor,
               fee_taken_minor = v.fee_taken_minor
          FROM unnest(%s::bigint[], %s::int[], %s::bigint[], %s::timestamptz[], %s::int[],
                      %s::bigint[], %s::int[], %s::bigint[], %s::int[], %s::bigint[], %s::bigint[])
               AS v (bulk_id, first_row, first_id, posted_at, paid_rows, paid_minor, held_rows,
                     held_minor, refused_rows, refused_minor, fee_taken_minor)
         WHERE t.bulk_id = v.bulk_id AND t.first_row = v.first_row
    """
    RANK: ClassVar[int] = 12

    bulk_id: int
    first_row: int
    first_id: int
    posted_at: datetime
    tally: Tally

    @property
    def identity(self) -> tuple[int, int]:
        return (self.bulk_id, self.first_row)

    def values(self) -> tuple[Any, ...]:
        tally = self.tally
        return (
            self.bulk_id,
            self.first_row,
            self.first_id,
            self.posted_at,
            tally.paid_rows,
            tally.paid_minor,
            tally.held_rows,
            tally.held_minor,
            tally.refused_rows,
            tally.refused_minor,
            tally.fee_minor,
        )

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


@dataclass(frozen=True, slots=True)
class BulkDone:
    """All of a list has been posted, and what could not be paid is back."""

    WRITE: ClassVar[str] = """
        UPDATE bulks b
           SET state = 'done', returned_minor = v.returned_minor, done_at = v.done_at
          FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[])
               AS v (id, returned_minor, done_at)
         WHERE b.id = v.id
    """
    RANK: ClassVar[int] = 12

    bulk_id: int
    returned_minor: int
    done_at: datetime

    @property
    def identity(self) -> int:
        return self.bulk_id

    def values(self) -> tuple[Any, ...]:
        return (self.bulk_id, self.returned_minor, self.done_at)

    def apply(self, facts: Facts) -> None:
        """Nothing reads it in the same batch."""
