"""What operators issued e-money for: a reference of the bank's counts once in its currency.

Two pairs of eyes may well look at one line of the bank's twice, a week apart. References are
compared as people type them: without spaces, and whatever the case.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, ClassVar

from wallet.ledger.rows import ReadRow, WrittenRow, inserted, record

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts


def arrival_id(currency: str, bank_reference: str) -> int:
    """Return the number that stands for a bank reference in a currency.

    Records are locked by number. Two references share one by a chance of one in 2^63.
    """
    plain = "".join(bank_reference.split()).casefold()
    digest = blake2b(f"{currency} {plain}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 1


# Never changes, so nothing is locked: where two deposits look at the same time, the database
# refuses the second, which then looks again.
@record("deposits", lock=False, id="arrival_id", posting_id="id")
@dataclass(frozen=True, slots=True)
class Arrival(ReadRow):
    """Money that arrived in the trust account, for which e-money was issued."""

    id: int
    posting_id: int

    RANK: ClassVar[int] = 170


@inserted("deposits", key="arrival_id", arrival_id="arrival.id", id="arrival.posting_id")
@dataclass(frozen=True, slots=True)
class Deposited(WrittenRow):
    """Operators have issued e-money for what arrived."""

    RANK: ClassVar[int] = 5

    arrival: Arrival
    currency: str
    bank_reference: str
    asked_by: int
    approved_by: int
    issued_at: datetime

    def apply(self, facts: Facts) -> None:
        facts.add_record(self.arrival)
