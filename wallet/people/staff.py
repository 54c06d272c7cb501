"""The operator's staff, as flows see who acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wallet.errors import Code, Refused
from wallet.ledger.facts import Facts
from wallet.ledger.rows import ReadRow, record


# Not locked: who is frozen in the same instant was not frozen before.
@record(
    "operators o", join="JOIN holders h ON h.id = o.holder_id", lock=False,
    id="o.holder_id", status="h.status",
)  # fmt: skip
@dataclass(frozen=True, slots=True)
class Staff(ReadRow):
    """One of the operator's staff."""

    id: int
    status: str

    RANK: ClassVar[int] = 230


def check_staff(actor: int, facts: Facts) -> None:
    """Raise `Refused` where `actor` is none of the operator's active staff."""
    staff = facts.record(Staff, actor)
    if staff is None:
        raise Refused(Code.FORBIDDEN)
    if staff.status != "active":
        frozen = staff.status == "frozen"
        raise Refused(Code.SENDER_FROZEN if frozen else Code.SENDER_CLOSED)
