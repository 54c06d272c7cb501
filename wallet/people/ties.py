"""What ties a holder to money that is not in their accounts, such as an open contract.

Who is closed can do nothing more, so money that arrived afterwards would be locked for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wallet.ledger.rows import Found


@dataclass(frozen=True, slots=True)
class Engagements(Found):
    """`tied` is what must end before the holder can be closed, the first of it."""

    id: int
    tied: str | None

    # Nothing is locked: what comes in between meets the database's own rule, which asks the same.
    LOCK: ClassVar[str] = """
        SELECT id, tie_of(id) FROM holders WHERE id = ANY(%(ids)s::bigint[]) ORDER BY id
    """
    RANK: ClassVar[int] = 160
