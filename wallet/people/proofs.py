"""A PIN proven minutes ago, where the present PIN and the new one cannot be asked for together.

On USSD each comes on a screen of its own, and no PIN is stored in between: the posting that
proved the present one is named instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Final

from wallet.ledger.rows import Found, record

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts, Holder

LIFETIME: Final = timedelta(minutes=5)


# Postings never change, so they need no lock.
@record("postings", holder_id="actor_id", proven_at="posted_at", lock=False)
@dataclass(frozen=True, slots=True)
class Proof(Found):
    """A posting of `ProvePin`: who proved their PIN, and when."""

    id: int
    kind: str
    holder_id: int
    proven_at: datetime

    RANK: ClassVar[int] = 150

    def holds(self, holder: Holder, facts: Facts) -> bool:
        """Tell whether it proves that this holder knew their PIN just now."""
        is_theirs = self.kind == "sign_in" and self.holder_id == holder.id
        return is_theirs and facts.now - self.proven_at <= LIFETIME
