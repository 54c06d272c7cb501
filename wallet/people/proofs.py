"""A PIN proven minutes ago, where the present PIN and the new one cannot be asked for together.

On USSD each comes on a screen of its own, and no PIN is stored in between: the posting that
proved the present one is named instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from wallet.ledger.facts import Needs

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts, Holder

LIFETIME: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Proof:
    """A posting of `ProvePin`: who proved their PIN, and when."""

    id: int
    kind: str
    holder_id: int
    proven_at: datetime

    # Postings never change, so they need no lock.
    LOCK: ClassVar[str] = """
        SELECT id, kind, actor_id, posted_at FROM postings WHERE id = ANY(%(ids)s) ORDER BY id
    """
    RANK: ClassVar[int] = 9

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return the proof of one row of LOCK."""
        return cls(*row)

    def needs(self) -> Needs:
        """Nothing more: the command guards its own holder."""
        return Needs()

    def holds(self, holder: Holder, facts: Facts) -> bool:
        """Tell whether it proves that this holder knew their PIN just now."""
        is_theirs = self.kind == "sign_in" and self.holder_id == holder.id
        return is_theirs and facts.now - self.proven_at <= LIFETIME
