"""The outbox: texts queued with the money they tell of, delivered afterwards by any worker.

A worker takes due texts by moving `next_at` to the end of its lease, sends them outside any
transaction, and records the outcome. Killed anywhere, nothing is lost: the lease runs out and
another worker tries. Only a text whose outcome nobody knows may be sent twice.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, TextClause, text
from sqlalchemy.exc import IntegrityError

from sms.gateways import (
    Accepted,
    Gateway,
    NotTried,
    OutboundText,
    Outcome,
    Refused,
    Unknown,
)
from sms.gateways.choice import make_gateway
from sms.reports import apply_early_reports, lock
from wallet.jobs import SOON_S, Job, Parts, Step

logger = logging.getLogger(__name__)

LEASE: Final = timedelta(minutes=5)  # longer than a gateway takes for a batch, however slow it is
FIRST_DELAY_S: Final = 5
LONGEST_DELAY_S: Final = 30 * 60
MAX_ATTEMPTS: Final = 20  # over six hours
RAISED: Final = "the gateway failed"

QUEUE = text("""
    INSERT INTO texts (id, msisdn, body, next_at, queued_at)
    VALUES (:id, :msisdn, :body, :now, :now)
""")
CLAIM = text("""
    WITH due AS MATERIALIZED (
        SELECT id FROM texts
         WHERE state = 'queued' AND next_at <= :now
         ORDER BY next_at, id
         LIMIT :limit
           FOR UPDATE SKIP LOCKED)
    UPDATE texts
       SET attempts = attempts + 1, next_at = :lease_ends_at
      FROM due
     WHERE texts.id = due.id
 RETURNING texts.id, texts.msisdn, texts.body, texts.attempts, texts.failure
""")
# A late "accepted" counts even when the lease was lost, or the text would be sent yet again.
RECORD_ACCEPTED = text("""
    UPDATE texts
       SET state = :state, gateway = :gateway, gateway_id = :gateway_id, failure = NULL,
           submitted_at = :now, reported_at = :reported_at
     WHERE id = :id AND (state = 'queued' OR state = 'failed' AND gateway_id IS NULL)
""")
# Anything else counts only for the attempt it belongs to: `attempts` tells whose lease it is.
RECORD_RETRY = text("""
    UPDATE texts
       SET next_at = :next_at, failure = :failure
     WHERE id = :id AND state = 'queued' AND attempts = :attempts
""")
RECORD_NOT_TRIED = text("""
    UPDATE texts
       SET next_at = :next_at, attempts = attempts - 1
     WHERE id = :id AND state = 'queued' AND attempts = :attempts
""")
RECORD_FAILED = text("""
    UPDATE texts
       SET state = 'failed', failure = :failure, gateway = :gateway
     WHERE id = :id AND state = 'queued' AND attempts = :attempts
""")


def queue(connection: Connection, texts: Iterable[OutboundText], now: datetime) -> None:
    """Queue texts in the caller's transaction: they are sent if, and only if, it commits."""
    rows = [{"id": t.id, "msisdn": t.msisdn, "body": t.body, "now": now} for t in texts]
    if rows:
        connection.execute(QUEUE, rows)


def deliver_due(engine: Engine, gateway: Gateway, now: datetime, limit: int = 100) -> int:
    """Try to deliver what is due; return how many texts were taken up, 0 when none is due."""
    with engine.begin() as connection:
        lease = {"now": now, "limit": limit, "lease_ends_at": now + LEASE}
        claimed = sorted(connection.execute(CLAIM, lease).all(), key=lambda row: row.id)
    if not claimed:
        return 0
    outcomes = _send(gateway, claimed)
    try:
        _record(engine, gateway.name, claimed, outcomes, now)
    except IntegrityError:  # find which, and let the others be
        logger.warning("%s gave an id twice: texts are recorded one by one", gateway.name)
        for row in claimed:
            _record_alone(engine, gateway.name, row, outcomes[row.id], now)
    return len(claimed)


def delay_s(attempts: int) -> int:
    """Return how long to wait after that many attempts."""
    return min(FIRST_DELAY_S << min(attempts - 1, 16), LONGEST_DELAY_S)


def _send(gateway: Gateway, claimed: Sequence[Row[Any]]) -> dict[int, Outcome]:
    """Send as one batch, but apart what was in a batch that broke: it may be what broke it."""
    suspects = [row for row in claimed if row.failure == RAISED]
    outcomes: dict[int, Outcome] = {row.id: Unknown("the gateway said nothing") for row in claimed}
    for group in [[row for row in claimed if row not in suspects], *([row] for row in suspects)]:
        outcomes |= _send_group(gateway, [OutboundText(r.id, r.msisdn, r.body) for r in group])
    return outcomes


def _send_group(gateway: Gateway, batch: Sequence[OutboundText]) -> Mapping[int, Outcome]:
    if not batch:
        return {}
    try:
        return {one.text.id: one.outcome for one in gateway.send(batch)}
    except Exception as error:  # noqa: BLE001  # a gateway's defect must not stop the worker
        # Only the type: what an adapter raises may quote the text.
        logger.error("gateway %s raised %s", gateway.name, type(error).__name__)  # noqa: TRY400
        return {text.id: Unknown(RAISED) for text in batch}


def _record(
    engine: Engine,
    gateway: str,
    claimed: Sequence[Row[Any]],
    outcomes: Mapping[int, Outcome],
    now: datetime,
) -> None:
    accepted = [o for row in claimed if isinstance(o := outcomes[row.id], Accepted)]
    gateway_ids = [o.gateway_id for o in accepted if o.gateway_id is not None]
    changes: defaultdict[TextClause, list[dict[str, Any]]] = defaultdict(list)
    for row in claimed:
        statement, change = _change(gateway, row, outcomes[row.id], now)
        changes[statement].append({"id": row.id, **change})
    with engine.begin() as connection:
        if gateway_ids:
            lock(connection, gateway, gateway_ids)
        for statement, rows in changes.items():
            connection.execute(statement, rows)
        if gateway_ids:
            apply_early_reports(connection, gateway, gateway_ids)


def _change(
    gateway: str, row: Row[Any], outcome: Outcome, now: datetime
) -> tuple[TextClause, dict[str, Any]]:
    """Return the statement that records the outcome, and its values."""
    match outcome:
        case Accepted(gateway_id, delivered):
            return RECORD_ACCEPTED, {
                "state": "delivered" if delivered else "submitted",
                "gateway": gateway,
                "gateway_id": gateway_id,
                "now": now,
                "reported_at": now if delivered else None,
            }
        case NotTried():
            next_at = now + timedelta(seconds=FIRST_DELAY_S)
            return RECORD_NOT_TRIED, {"attempts": row.attempts, "next_at": next_at}
        case Refused(permanent, reason) if permanent or row.attempts >= MAX_ATTEMPTS:
            return RECORD_FAILED, _failed(gateway, row, reason)
        case Unknown(reason) if row.attempts >= MAX_ATTEMPTS:
            return RECORD_FAILED, _failed(gateway, row, reason)
        case Refused(_, reason) | Unknown(reason):
            next_at = now + timedelta(seconds=delay_s(row.attempts))
            return RECORD_RETRY, {
                "attempts": row.attempts,
                "next_at": next_at,
                "failure": reason,
            }


def _failed(gateway: str, row: Row[Any], reason: str) -> dict[str, Any]:
    return {"attempts": row.attempts, "gateway": gateway, "failure": reason}


def _record_alone(
    engine: Engine, gateway: str, row: Row[Any], outcome: Outcome, now: datetime
) -> None:
    try:
        _record(engine, gateway, [row], {row.id: outcome}, now)
    except IntegrityError:  # another text has that id: sent all the same
        logger.warning("text %d has another's id at %s: its reports are lost", row.id, gateway)
        _record(engine, gateway, [row], {row.id: Accepted(None)}, now)


def _deliver(parts: Parts) -> Step:
    gateway = make_gateway(parts.settings)
    return lambda: deliver_due(parts.engine, gateway, parts.clock.now())


JOBS: Final = (Job("texts", _deliver, SOON_S),)
