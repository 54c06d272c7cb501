"""What ties a holder to money that is not in their accounts, such as an open contract.

Who is closed can do nothing more, so money that arrived afterwards would be locked for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from wallet.ledger.facts import Needs


@dataclass(frozen=True, slots=True)
class Engagements:
    """`tied` is what must end before the holder can be closed, the first of it."""

    id: int
    tied: str | None

    # Nothing is locked: what comes in between meets the database's own rule, which asks the same.
    LOCK: ClassVar[str] = """
        SELECT id, tie_of(id) FROM holders WHERE id = ANY(%(ids)s::bigint[]) ORDER BY id
    """
    RANK: ClassVar[int] = 10

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return the engagements of one row of LOCK."""
        return cls(*row)

    def needs(self) -> Needs:
        """Nothing more: the command guards the holder."""
        return Needs()
