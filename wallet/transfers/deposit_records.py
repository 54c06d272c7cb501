"""What operators issued e-money for: a reference of the bank's counts once in its currency.

Two pairs of eyes may well look at one line of the bank's twice, a week apart. References are
compared as people type them: without spaces, and whatever the case.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar, Self

from wallet.ledger.facts import Needs

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts


def arrival_id(currency: str, bank_reference: str) -> int:
    """Return the number that stands for a bank reference in a currency.

    Records are locked by number. Two references share one by a chance of one in 2^63.
    """
    plain = "".join(bank_reference.split()).casefold()
    digest = blake2b(f"{currency} {plain}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 1


@dataclass(frozen=True, slots=True)
class Arrival:
    """Money that arrived in the trust account, for which e-money was issued."""

    id: int
    posting_id: int

    # Never changes, so nothing is locked: where two deposits look at the same time, the database
    # refuses the second, which then looks again.
    LOCK: ClassVar[str] = """
        SELECT arrival_id, id FROM deposits WHERE arrival_id = ANY(%(ids)s::bigint[])
         ORDER BY arrival_id
    """
    RANK: ClassVar[int] = 11

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return the arrival of one row of LOCK."""
        return cls(*row)

    def needs(self) -> Needs:
        """Nothing: it is past."""
        return Needs()


@dataclass(frozen=True, slots=True)
class Deposited:
    """Operators have issued e-money for what arrived."""

    WRITE: ClassVar[str] = """
        INSERT INTO deposits (arrival_id, id, currency, bank_reference, asked_by, approved_by,
                              issued_at)
        SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::bigint[],
                             %s::bigint[], %s::timestamptz[])
    """
    RANK: ClassVar[int] = 5

    arrival: Arrival
    currency: str
    bank_reference: str
    asked_by: int
    approved_by: int
    issued_at: datetime

    @property
    def identity(self) -> int:
        return self.arrival.id

    def values(self) -> tuple[Any, ...]:
        what = (self.arrival.id, self.arrival.posting_id, self.currency, self.bank_reference)
        return (*what, self.asked_by, self.approved_by, self.issued_at)

    def apply(self, facts: Facts) -> None:
        facts.records[(Arrival, self.arrival.id)] = self.arrival
