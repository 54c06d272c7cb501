"""Payouts as their merchant may read them: to a stranger they do not exist."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine

from wallet.clock import reference
from wallet.database import read
from wallet.destinations.records import Destination
from wallet.ledger.entries import LONGEST_PAGE, cursor_id
from wallet.money import Money

_PAYOUT: Final = """id, currency, amount_minor, fee_minor, state, bank_code, account,
    account_name, kind, requested_at, sent_at, settled_at, failure, expires_at"""

READ_PAYOUT: Final = f"""
    SELECT {_PAYOUT} FROM payouts WHERE id = :payout AND merchant_id = :merchant
"""

READ_PAYOUTS: Final = f"""
    SELECT {_PAYOUT} FROM payouts
     WHERE merchant_id = :merchant AND id < :before
     ORDER BY id DESC
     LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class PayoutView:
    """A payout as its merchant sees it; of the bank account only the end is shown."""

    id: int
    amount: Money
    fee: Money
    state: str
    kind: str
    destination: str
    requested_at: datetime
    sent_at: datetime | None
    settled_at: datetime | None
    failure: str | None
    expires_at: datetime | None  # of cash


@dataclass(frozen=True, slots=True)
class Payouts:
    """A page, newest first; `next_cursor` asks for the older ones, None at the end."""

    items: tuple[PayoutView, ...]
    next_cursor: str | None


def payout_of(engine: Engine, merchant_id: int, payout_id: int) -> PayoutView | None:
    """Return a merchant's own payout."""
    rows = read(engine, READ_PAYOUT, payout=payout_id, merchant=merchant_id)
    return _payout(rows[0]) if rows else None


def payouts_of(
    engine: Engine, merchant_id: int, before: str | None = None, limit: int = 50
) -> Payouts:
    """Return a merchant's payouts, newest first."""
    assert 0 < limit <= LONGEST_PAGE, limit
    rows = read(
        engine, READ_PAYOUTS, merchant=merchant_id, before=cursor_id(before), limit=limit + 1
    )
    items = tuple(_payout(row) for row in rows[:limit])
    return Payouts(items, reference(items[-1].id) if len(rows) > limit else None)


def _payout(row: tuple[Any, ...]) -> PayoutView:
    id_, currency, amount, fee, state, *where = row[:9]
    money = (Money(currency, amount), Money(currency, fee))
    destination = Destination(*where)
    return PayoutView(id_, *money, state, destination.kind, destination.shown, *row[9:])
