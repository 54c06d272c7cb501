"""What posting a list leaves behind beside its entries: what became of each batch and row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from wallet.ledger.rows import WrittenRow, inserted, updated

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


@updated(
    "bulk_batches",
    "first_id, posted_at, paid_rows, paid_minor, held_rows, held_minor, refused_rows,"
    " refused_minor",
    key="bulk_id, first_row",
    fee_taken_minor="tally.fee_minor",
)
@dataclass(frozen=True, slots=True)
class BatchPosted(WrittenRow):
    """A batch whose rows have been posted; the database lets that be said once."""

    RANK: ClassVar[int] = 12

    bulk_id: int
    first_row: int
    first_id: int
    posted_at: datetime
    tally: Tally


@inserted("bulk_outcomes", key="bulk_id, row_no")
@dataclass(frozen=True, slots=True)
class Outcome(WrittenRow):
    """What became of a row that was not simply paid."""

    RANK: ClassVar[int] = 13

    bulk_id: int
    row_no: int
    outcome: str
    code: str | None = None


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
