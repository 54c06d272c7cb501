"""Delivery reports: what a gateway tells us later of a text it took.

They come late, twice, out of order, and even before our own record of the submission. So a text's
state only rises (submitted, sent, failed, delivered), and a report that finds no text waits in
`text_reports` until the outbox records the submission, or, where we sent no such text, until it is
forgotten (`wallet/retention.py`).
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, text

from sms.gateways import Report, tidy
from wallet.jobs import expiry_job
from wallet.retention import UNMATCHED_REPORTS

# "delivered" is proof, so it overrules "failed" and never the other way round.
WEAKER: Final = {
    "sent": ["submitted"],
    "failed": ["submitted", "sent"],
    "delivered": ["submitted", "sent", "failed"],
}

# A report and our record of its submission must not pass each other unseen. The first number keeps
# these locks apart from other advisory locks; ordered, so that two batches cannot deadlock.
LOCK = text("""
    SELECT pg_advisory_xact_lock(7305, key)
      FROM (SELECT DISTINCT hashtext(:gateway || ':' || id) AS key
              FROM unnest(CAST(:gateway_ids AS text[])) AS id
             ORDER BY 1) AS keys
""")
RAISE_STATE = text("""
    UPDATE texts
       SET state = :state, failure = :failure, reported_at = :reported_at
     WHERE gateway = :gateway AND gateway_id = :gateway_id AND state = ANY(:weaker)
""")
IS_KNOWN = text("SELECT 1 FROM texts WHERE gateway = :gateway AND gateway_id = :gateway_id")
KEEP = text("""
    INSERT INTO text_reports (gateway, gateway_id, state, failure, received_at)
    VALUES (:gateway, :gateway_id, :state, :failure, :received_at)
    ON CONFLICT DO NOTHING
""")
TAKE_KEPT = text("""
    DELETE FROM text_reports
     WHERE gateway = :gateway AND gateway_id = ANY(:gateway_ids) AND state = ANY(:states)
 RETURNING gateway_id, state, failure, received_at
""")
FORGET = text("""
    DELETE FROM text_reports
     WHERE (gateway, gateway_id, state) IN (
               SELECT gateway, gateway_id, state FROM text_reports   -- index text_reports_lapsed
                WHERE received_at < :before
                ORDER BY received_at LIMIT :limit
                  FOR UPDATE SKIP LOCKED)
""")
JOBS: Final = (expiry_job("reports of no text", FORGET, UNMATCHED_REPORTS),)


def record_report(engine: Engine, gateway: str, report: Report, now: datetime) -> None:
    """Record one report; repeating it changes nothing. A status we do not know is only kept."""
    failure = tidy(report.failure) if report.failure else None
    with engine.begin() as connection:
        lock(connection, gateway, [report.gateway_id])
        if report.state is not None and _is_known(connection, gateway, report.gateway_id):
            change = {"state": report.state, "failure": failure, "reported_at": now}
            _raise_state(connection, gateway, report.gateway_id, **change)
            return
        connection.execute(
            KEEP,
            {
                "gateway": gateway,
                "gateway_id": report.gateway_id,
                "state": report.state or tidy(report.said),
                "failure": failure,
                "received_at": now,
            },
        )


def lock(connection: Connection, gateway: str, gateway_ids: Collection[str]) -> None:
    """Keep reports of these texts away until the transaction ends."""
    connection.execute(LOCK, {"gateway": gateway, "gateway_ids": list(gateway_ids)})


def apply_early_reports(connection: Connection, gateway: str, gateway_ids: Collection[str]) -> None:
    """Apply reports that came before the submissions were recorded. Call under `lock`."""
    found = {"gateway": gateway, "gateway_ids": list(gateway_ids), "states": list(WEAKER)}
    for report in connection.execute(TAKE_KEPT, found).all():
        _raise_state(
            connection,
            gateway,
            report.gateway_id,
            state=report.state,
            failure=report.failure,
            reported_at=report.received_at,
        )


def _is_known(connection: Connection, gateway: str, gateway_id: str) -> bool:
    found = {"gateway": gateway, "gateway_id": gateway_id}
    return connection.execute(IS_KNOWN, found).first() is not None


def _raise_state(connection: Connection, gateway: str, gateway_id: str, **report: object) -> None:
    found = {"gateway": gateway, "gateway_id": gateway_id, "weaker": WEAKER[str(report["state"])]}
    connection.execute(RAISE_STATE, found | report)
