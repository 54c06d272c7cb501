"""The operator's staff, as flows see who acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from wallet.errors import Code, Refused
from wallet.ledger.facts import Facts, Needs


@dataclass(frozen=True, slots=True)
class Staff:
    """One of the operator's staff."""

    id: int
    status: str

    # Not locked: who is frozen in the same instant was not frozen before.
    LOCK: ClassVar[str] = """
        SELECT o.holder_id, h.status
          FROM operators o JOIN holders h ON h.id = o.holder_id
         WHERE o.holder_id = ANY(%(ids)s::bigint[])
         ORDER BY o.holder_id
    """
    RANK: ClassVar[int] = 13

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return the member of staff of one row of LOCK."""
        return cls(*row)

    def needs(self) -> Needs:
        """Nothing: staff act on others' accounts."""
        return Needs()


def check_staff(actor: int, facts: Facts) -> None:
    """Raise `Refused` where `actor` is none of the operator's active staff."""
    staff = facts.record(Staff, actor)
    if staff is None:
        raise Refused(Code.FORBIDDEN)
    if staff.status != "active":
        frozen = staff.status == "frozen"
        raise Refused(Code.SENDER_FROZEN if frozen else Code.SENDER_CLOSED)
