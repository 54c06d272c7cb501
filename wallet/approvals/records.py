"""Approvals as rows: what one of the operator's staff asked for, and what another said to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final

import orjson
from sqlalchemy import Engine

from wallet.clock import reference
from wallet.database import read
from wallet.errors import Code, Refused
from wallet.ledger.entries import LONGEST_PAGE, cursor_id
from wallet.ledger.rows import Json, ReadRow, WrittenRow, inserted, record, updated
from wallet.people.staff import Staff

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts

LIFETIME: Final = timedelta(days=3)


@record("approvals p")
@dataclass(frozen=True, slots=True)
class Approval(ReadRow):
    """What was asked for. Its id is that of the posting that asked."""

    id: int
    kind: str
    arguments: dict[str, Any]
    reason: str
    asked_by: int
    asked_at: datetime
    expires_at: datetime
    state: str = "waiting"
    decided_by: int | None = None
    decided_at: datetime | None = None
    decline_reason: str | None = None
    posting_id: int | None = None

    # After every record of the acts that wait for one: contracts, disputes, payouts.
    RANK: ClassVar[int] = 210

    def state_at(self, now: datetime) -> str:
        """Return its state; it has lapsed at its time, whether or not a worker has noticed."""
        has_lapsed = self.state == "waiting" and now >= self.expires_at
        return "lapsed" if has_lapsed else self.state

    def check_waiting(self, now: datetime) -> None:
        """Raise `Refused` where it was decided, or has lapsed."""
        state = self.state_at(now)
        if state != "waiting":
            raise Refused(Code.APPROVAL_DECIDED, state=state)


READ_APPROVAL: Final = f"""
    SELECT {Approval.COLUMNS}, a.name, d.name
      FROM approvals p
      JOIN holders a ON a.id = p.asked_by
      LEFT JOIN holders d ON d.id = p.decided_by
     WHERE p.id = :approval
"""

READ_APPROVALS: Final = f"""
    SELECT {Approval.COLUMNS}, a.name, d.name
      FROM approvals p
      JOIN holders a ON a.id = p.asked_by
      LEFT JOIN holders d ON d.id = p.decided_by
     WHERE p.id < :before
       AND (:state = '' OR (p.state = :state AND (p.state <> 'waiting' OR p.expires_at > :now)))
     ORDER BY p.id DESC
     LIMIT :limit
"""


def check_asker(approval: Approval, facts: Facts) -> None:
    """Raise `Refused` where who asked is frozen or closed by now: their word counts no more.

    It goes on waiting: who is thawed asked for it as before, and it can be declined.
    """
    staff = facts.record(Staff, approval.asked_by)
    assert staff is not None, "who asked is staff as long as what they asked for is kept"
    if staff.status != "active":
        raise Refused(Code.INCORRECT_STATE, asked_by=staff.status)


@inserted("approvals", "id, kind, reason, asked_by, asked_at, expires_at", arguments="arguments")
@dataclass(frozen=True, slots=True)
class NewApproval(WrittenRow):
    """Something that waits for a second pair of eyes from now on."""

    RANK: ClassVar[int] = 7

    approval: Approval

    @property
    def arguments(self) -> Json:
        return Json(orjson.dumps(self.approval.arguments).decode())

    def apply(self, facts: Facts) -> None:
        facts.add_record(self.approval)


@updated("approvals", "state, decided_by, decided_at, decline_reason, posting_id")
@dataclass(frozen=True, slots=True)
class ApprovalDecided(WrittenRow):
    """Approved, declined or lapsed: it waits no more."""

    RANK: ClassVar[int] = 8

    approval: Approval

    def apply(self, facts: Facts) -> None:
        facts.add_record(self.approval)


@dataclass(frozen=True, slots=True)
class ApprovalView:
    """An approval with the names of those who asked and decided."""

    approval: Approval
    asked_by: str
    decided_by: str | None


@dataclass(frozen=True, slots=True)
class Approvals:
    """A page, newest first; `next_cursor` asks for the older ones, None at the end."""

    items: tuple[ApprovalView, ...]
    next_cursor: str | None


def approval_of(engine: Engine, approval_id: int, now: datetime) -> ApprovalView:
    """Return an approval as it is now. Raises `Refused` where there is none."""
    rows = read(engine, READ_APPROVAL, approval=approval_id)
    if not rows:
        raise Refused(Code.NOT_FOUND)
    return _view(rows[0], now)


def approvals(
    engine: Engine,
    now: datetime,
    *,
    state: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Approvals:
    """Return approvals of a state, or all, newest first."""
    assert 0 < limit <= LONGEST_PAGE, limit
    asked = {"now": now, "state": state or "", "before": cursor_id(before)}
    rows = read(engine, READ_APPROVALS, **asked, limit=limit + 1)
    items = tuple(_view(row, now) for row in rows[:limit])
    return Approvals(items, reference(items[-1].approval.id) if len(rows) > limit else None)


def _view(row: tuple[Any, ...], now: datetime) -> ApprovalView:
    found = Approval(*row[:-2])
    return ApprovalView(replace(found, state=found.state_at(now)), row[-2], row[-1])
