"""Refunds as those they concern may read them: to a stranger they do not exist.

Who looks sees what time alone should have done by now, done.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import Engine

from wallet.clock import reference
from wallet.database import read
from wallet.ledger.due import Due as DueNow
from wallet.ledger.due import up_to_date
from wallet.ledger.entries import LONGEST_PAGE, cursor_id
from wallet.ledger.poster import Poster
from wallet.refunds.records import Refund
from wallet.refunds.refund import Due, decide_due

READ_REFUND: Final = f"""
    SELECT {Refund.COLUMNS}, h.name
      FROM refunds f
      JOIN merchants m ON m.holder_id = f.merchant_id
      JOIN holders h ON h.id = f.payer_id
     WHERE f.id = :refund AND :holder IN (f.merchant_id, f.payer_id)
"""

READ_REFUNDS: Final = f"""
    SELECT {Refund.COLUMNS}, h.name
      FROM refunds f
      JOIN merchants m ON m.holder_id = f.merchant_id
      JOIN holders h ON h.id = f.payer_id
     WHERE f.merchant_id = :merchant AND f.id < :before AND (NOT :waiting OR f.state = 'waiting')
     ORDER BY f.id DESC
     LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class RefundView:
    """A refund with its payer's name; the merchant goes by the name on the shop."""

    refund: Refund
    payer: str


@dataclass(frozen=True, slots=True)
class Refunds:
    """A page, newest first; `next_cursor` asks for the older ones, None at the end."""

    items: tuple[RefundView, ...]
    next_cursor: str | None


def refund_of(engine: Engine, holder_id: int, refund_id: int) -> RefundView | None:
    """Return a refund to its merchant or its payer, to nobody else."""
    rows = read(engine, READ_REFUND, refund=refund_id, holder=holder_id)
    return _view(rows[0]) if rows else None


def refunds_of(
    engine: Engine,
    merchant_id: int,
    *,
    only_waiting: bool = False,
    before: str | None = None,
    limit: int = 50,
) -> Refunds:
    """Return a merchant's refunds, newest first."""
    assert 0 < limit <= LONGEST_PAGE, limit
    asked = {"merchant": merchant_id, "waiting": only_waiting, "before": cursor_id(before)}
    rows = read(engine, READ_REFUNDS, **asked, limit=limit + 1)
    items = tuple(_view(row) for row in rows[:limit])
    return Refunds(items, reference(items[-1].refund.id) if len(rows) > limit else None)


def see_refund(
    engine: Engine, poster: Poster, now: datetime, holder_id: int, refund_id: int
) -> RefundView | None:
    """Return a refund as `refund_of` does, after what was due has been done."""
    return up_to_date(
        poster,
        lambda: refund_of(engine, holder_id, refund_id),
        lambda view: () if view is None else _due_of([view], now),
    )


def see_refunds(
    engine: Engine,
    poster: Poster,
    now: datetime,
    merchant_id: int,
    *,
    only_waiting: bool = False,
    before: str | None = None,
    limit: int = 50,
) -> Refunds:
    """Return a merchant's refunds as `refunds_of` does, after what was due has been done."""

    def see() -> Refunds:
        return refunds_of(
            engine, merchant_id, only_waiting=only_waiting, before=before, limit=limit
        )

    return up_to_date(poster, see, lambda page: _due_of(page.items, now))


def _due_of(views: Iterable[RefundView], now: datetime) -> list[DueNow]:
    """Return the ends of those that have waited for long enough, the oldest first."""
    late = [view.refund for view in views if view.refund.has_waited(now)]
    late.sort(key=attrgetter("id"))
    return [(decide_due, Due(each.id, each.merchant_id)) for each in late]


def _view(row: tuple[Any, ...]) -> RefundView:
    return RefundView(Refund(*row[:-1]), row[-1])
