"""Disputes and timelines as those they concern may read them: to a stranger they do not exist.

The operator's staff see all of them. Whoever looks at what silence has decided by then sees it
decided: it is posted first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine

from wallet.clock import reference
from wallet.database import read
from wallet.disputes.records import Dispute
from wallet.disputes.timers import silences_in
from wallet.ledger.due import Due, up_to_date
from wallet.ledger.entries import LONGEST_PAGE, cursor_id
from wallet.ledger.poster import Poster
from wallet.money import Money

_DISPUTE: Final = f"""{Dispute.COLUMNS}, d.text, d.attachments, payer.name,
    coalesce(CASE WHEN c.till IS NOT NULL THEN m.name END, payee.name)"""
_NAMES: Final = """
      JOIN contracts c ON c.id = d.contract_id
      JOIN holders payer ON payer.id = c.payer_id
      JOIN holders payee ON payee.id = c.payee_id
      LEFT JOIN merchants m ON m.holder_id = c.payee_id"""

# `:holder` null: one of the operator's staff asks.
READ_DISPUTE: Final = f"""
    SELECT {_DISPUTE}
      FROM disputes d {_NAMES}
     WHERE d.id = :dispute
       AND (cast(:holder AS bigint) IS NULL OR :holder IN (c.payer_id, c.payee_id))
"""

READ_DISPUTES_OF: Final = f"""
    SELECT {_DISPUTE}
      FROM disputes d {_NAMES}
     WHERE d.contract_id = :contract
       AND (cast(:holder AS bigint) IS NULL OR :holder IN (c.payer_id, c.payee_id))
     ORDER BY d.id DESC
     LIMIT :limit
"""

# From the contracts with something disputed: a merchant's open ones may be many. Soonest due first.
READ_OPEN_OF: Final = f"""
    WITH mine AS (
        SELECT id, 'payer' AS side FROM contracts   -- index contracts_disputed_of_payer
         WHERE payer_id = :holder AND disputed_minor > 0
        UNION ALL
        SELECT id, 'payee' FROM contracts           -- index contracts_disputed_of_payee
         WHERE payee_id = :holder AND disputed_minor > 0
    )
    SELECT {_DISPUTE}, mine.side
      FROM mine JOIN disputes d ON d.contract_id = mine.id {_NAMES}
     WHERE d.due_at IS NOT NULL
     ORDER BY d.due_at, d.id
     LIMIT :limit
"""

READ_ESCALATED: Final = f"""
    SELECT {_DISPUTE}
      FROM disputes d {_NAMES}
     WHERE d.state = 'escalated' AND d.id < :before   -- index disputes_escalated
     ORDER BY d.id DESC
     LIMIT :limit
"""

IS_PARTY: Final = """
    SELECT FROM contracts c
     WHERE c.id = :contract
       AND (cast(:holder AS bigint) IS NULL OR :holder IN (c.payer_id, c.payee_id))
"""

# The payment itself, then every act that names it, in the order they were posted. What was posted
# along with an act (a commission) has no key; nor has a payment that is a line of a list.
READ_TIMELINE: Final = """
    SELECT p.id, p.kind, p.posted_at,
           CASE WHEN p.id = c.id OR p.actor_id = c.payer_id THEN 'payer'
                WHEN p.actor_id = c.payee_id THEN 'payee'
                WHEN p.actor_id = 0 THEN 'nobody' ELSE 'operator' END,
           p.answer
      FROM contracts c
      JOIN postings p ON p.id = c.id OR p.original_id = c.id   -- index postings_linked
     WHERE c.id = :contract AND (p.id = c.id OR p.key IS NOT NULL)
     ORDER BY p.posted_at, p.id
     LIMIT :limit
"""

LONGEST_TIMELINE: Final = 1000
# An answer was told to one side; only this of it concerns both.
_SHOWN: Final = (
    "amount",
    "held",
    "dispute",
    "disputed",
    "state",
    "reason_code",
    "text",
    "attachments",
    "to_payee",
    "to_payer",
    "outcome",
    "reason",
    "due_at",
    "deadline_before",
    "deadline_at",
    "step",
    "steps",
    "version",
    "carrier",
    "tracking_number",
    "delivered_at",
)


@dataclass(frozen=True, slots=True)
class DisputeView:
    """A dispute with its grounds and its parties' names."""

    dispute: Dispute
    text: str | None
    attachments: tuple[Mapping[str, str], ...]
    payer_name: str
    payee_name: str

    @property
    def proposals(self) -> Mapping[str, Mapping[str, Money] | None]:
        """What each side proposes of what is open, None where it proposes nothing."""
        return {side: self._proposal(side) for side in ("payer", "payee")}

    def _proposal(self, side: str) -> Mapping[str, Money] | None:
        offer = self.dispute.offer(side)
        if offer is None:
            return None
        return {"to_payee": offer, "to_payer": self.dispute.open - offer}


@dataclass(frozen=True, slots=True)
class Disputes:
    """A page, newest first; `next_cursor` asks for the older ones, None at the end."""

    items: tuple[DisputeView, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class OpenDispute:
    """A dispute that is not over, and whether the reader is its `payer` or its `payee`."""

    view: DisputeView
    side: str


@dataclass(frozen=True, slots=True)
class Event:
    """What somebody did with a contract: payer, payee, operator, or nobody, where time did it."""

    id: int
    kind: str
    at: datetime
    who: str
    details: Mapping[str, Any]


def see_dispute(
    engine: Engine, poster: Poster, now: datetime, holder_id: int | None, dispute_id: int
) -> DisputeView | None:
    """Return a dispute to its parties, and to staff (None), once silence has been heeded."""

    def see() -> DisputeView | None:
        rows = read(engine, READ_DISPUTE, dispute=dispute_id, holder=holder_id)
        return _view(rows[0]) if rows else None

    return up_to_date(poster, see, lambda view: () if view is None else _due_in((view,), now))


def see_disputes_of(
    engine: Engine, poster: Poster, now: datetime, holder_id: int | None, contract_id: int
) -> tuple[DisputeView, ...] | None:
    """Return a contract's disputes, newest first; None where it does not concern the holder."""
    if not read(engine, IS_PARTY, contract=contract_id, holder=holder_id):
        return None

    def see() -> tuple[DisputeView, ...]:
        rows = read(
            engine, READ_DISPUTES_OF, contract=contract_id, holder=holder_id, limit=LONGEST_PAGE
        )
        return tuple(_view(row) for row in rows)

    return up_to_date(poster, see, lambda views: _due_in(views, now))


def see_open_disputes(
    engine: Engine, poster: Poster, now: datetime, holder_id: int, limit: int
) -> tuple[OpenDispute, ...]:
    """Return what a holder has in dispute on either side, soonest due first."""

    def see() -> tuple[OpenDispute, ...]:
        rows = read(engine, READ_OPEN_OF, holder=holder_id, limit=limit)
        return tuple(OpenDispute(_view(tuple(row[:-1])), row[-1]) for row in rows)

    return up_to_date(poster, see, lambda found: _due_in((each.view for each in found), now))


def see_escalated(
    engine: Engine, poster: Poster, now: datetime, before: str | None = None, limit: int = 50
) -> Disputes:
    """Return what waits for an operator to decide."""
    assert 0 < limit <= LONGEST_PAGE, limit

    def see() -> Disputes:
        rows = read(engine, READ_ESCALATED, before=cursor_id(before), limit=limit + 1)
        items = tuple(_view(row) for row in rows[:limit])
        return Disputes(items, reference(items[-1].dispute.id) if len(rows) > limit else None)

    return up_to_date(poster, see, lambda page: _due_in(page.items, now))


def see_timeline(
    engine: Engine, poster: Poster, now: datetime, holder_id: int | None, contract_id: int
) -> tuple[Event, ...] | None:
    """Return who did what when with a contract, oldest first, to those it concerns."""
    if see_disputes_of(engine, poster, now, holder_id, contract_id) is None:
        return None
    rows = read(engine, READ_TIMELINE, contract=contract_id, limit=LONGEST_TIMELINE)
    return tuple(Event(id_, kind, at, who, _details(answer)) for id_, kind, at, who, answer in rows)


def _details(answer: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return what concerns both of what one was told; a line of a list is told to nobody."""
    return {name: value for name, value in (answer or {}).items() if name in _SHOWN}


def _due_in(views: Iterable[DisputeView], now: datetime) -> list[Due]:
    return silences_in((view.dispute for view in views), now)


def _view(row: tuple[Any, ...]) -> DisputeView:
    *own, text, attachments, payer_name, payee_name = row
    return DisputeView(Dispute(*own), text, tuple(attachments), payer_name, payee_name)
