"""Payouts on their way to the bank: requested → sent → paid or failed. DESIGN, D8.

A worker takes a payout by moving `next_at` to the end of its lease and marks it `sent`, committed
before the bank is called: from then on the bank may know its reference. Killed anywhere, the
lease runs out, the bank is asked what it knows, and only a payment it does not know is handed over
again, under the same reference. A time-out is no answer: the bank is asked again, later.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine, Row, text

from wallet.clock import reference
from wallet.errors import Refused
from wallet.escrow.payouts import Destination
from wallet.escrow.rails import Failed, Outcome, Paid, PayoutOrder, Pending, Rail, Unknown
from wallet.flows import payout
from wallet.ledger.poster import Poster
from wallet.money import Money

log = logging.getLogger(__name__)

LEASE: Final = timedelta(minutes=2)  # longer than a rail's two calls and the posting after them
FIRST_DELAY: Final = timedelta(seconds=1)
LONGEST_DELAY: Final = timedelta(minutes=10)
REASON_CHARACTERS: Final = 200

CLAIM: Final = text("""
    UPDATE payouts
       SET state = 'sent', sent_at = coalesce(sent_at, :now), attempts = attempts + 1,
           next_at = :lease_ends_at
     WHERE id = (SELECT id FROM payouts   -- index payouts_open
                  WHERE state IN ('requested', 'sent') AND next_at <= :now
                  ORDER BY next_at
                  LIMIT 1
                    FOR NO KEY UPDATE SKIP LOCKED)
 RETURNING id, currency, amount_minor, bank_code, bank_account, bank_account_name, requested_at,
           attempts
""")

# `attempts` tells whose lease it is: a worker that lost it changes nothing.
ASK_LATER: Final = text("""
    UPDATE payouts SET next_at = :next_at
     WHERE id = :id AND state = 'sent' AND attempts = :attempts
""")


def hand_over_next(engine: Engine, poster: Poster, rail: Rail, now: datetime) -> int:
    """Take one payout a step further; return 1, or 0 when none is due."""
    with engine.begin() as connection:
        lease = {"now": now, "lease_ends_at": now + LEASE}
        claimed = connection.execute(CLAIM, lease).one_or_none()
    if claimed is None:
        return 0
    outcome = _outcome(rail, claimed)
    if isinstance(outcome, Paid | Failed):
        _settle(poster, claimed, outcome)
    else:
        _ask_later(engine, claimed, now)
    return 1


def delay(attempts: int) -> timedelta:
    """Return how long to wait after that many attempts."""
    return min(FIRST_DELAY * (1 << min(attempts - 1, 16)), LONGEST_DELAY)


def _outcome(rail: Rail, claimed: Row[Any]) -> Outcome:
    order = PayoutOrder(
        reference(claimed.id),
        Money(claimed.currency, claimed.amount_minor),
        Destination(claimed.bank_code, claimed.bank_account, claimed.bank_account_name),
        claimed.requested_at,
    )
    try:
        if claimed.attempts > 1:
            known = rail.status(order)
            if not isinstance(known, Unknown):
                return known
        return rail.submit(order)
    except Exception as error:  # noqa: BLE001 -- whatever a rail raises, the outcome is not known
        # Only the type: what an adapter raises may quote an account.
        log.warning("payout %s: the rail raised %s", order.reference, type(error).__name__)
        return Pending()


def _settle(poster: Poster, claimed: Row[Any], outcome: Paid | Failed) -> None:
    failure = _tidy(outcome.reason) if isinstance(outcome, Failed) else None
    settled = payout.Settled(claimed.id, claimed.currency, failure is None, failure)
    try:
        poster.post(payout.decide_settled, settled)
    except Refused as refusal:  # another worker, whose lease had run out, was told first
        log.warning("payout %s was not settled again: %s", reference(claimed.id), refusal)


def _ask_later(engine: Engine, claimed: Row[Any], now: datetime) -> None:
    changed = {
        "id": claimed.id,
        "attempts": claimed.attempts,
        "next_at": now + delay(claimed.attempts),
    }
    with engine.begin() as connection:
        connection.execute(ASK_LATER, changed)


def _tidy(reason: str) -> str:
    """Make what a bank said fit to be stored and shown."""
    return "".join(letter for letter in reason[:REASON_CHARACTERS] if letter.isprintable())
