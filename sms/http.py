"""What SMS gateways call: `/sms/<gateway>/report` and `/sms/<gateway>/inbound`.

Bodies are never logged: people text their PIN. Answers are short; gateways repeat what does not
get a 200.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from flask import Response, abort, current_app
from sqlalchemy import Connection, text

from sms.gateways import Callbacks, OutboundText
from sms.outbox import queue
from sms.reports import record_report
from sms.wording import render
from wallet.clock import Ids
from wallet.errors import Refused
from wallet.gateways import GatewayRequest, NotUnderstood
from wallet.markets import MARKETS
from wallet.numbers import parse_msisdn, region_of
from wallet.web.callbacks import Views, plain, received, response
from wallet.web.statuses import STATUS, TITLE

log = logging.getLogger(__name__)

HELP_ONCE_IN: Final = timedelta(hours=1)


# Two texts from one phone at once must not get two answers. See `sms.reports.LOCK` for the number.
LOCK_NUMBER = text("SELECT pg_advisory_xact_lock(7306, hashtext(:msisdn))")
HELPED_SINCE = text("""
    SELECT 1 FROM texts
     WHERE msisdn = :msisdn AND body = ANY(:bodies) AND queued_at > :since
     LIMIT 1
""")
LANGUAGE = text("SELECT language FROM holders WHERE msisdn = :msisdn")


def take_report(gateway: type[Callbacks]) -> Response:
    """A delivery report: what became of a text, and why where it failed."""
    adapter, request = _received(gateway)
    try:
        reports = adapter.read_reports(request)
    except NotUnderstood as error:
        log.warning("a delivery report of %s was not understood", gateway.name)
        return plain(str(error), 400)
    kibubu = current_app.extensions["kibubu"]
    for report in reports:
        record_report(kibubu.engine, gateway.name, report, kibubu.clock.now())
    return response(gateway.taken)


def take_inbound(gateway: type[Callbacks]) -> Response:
    """A text to our short code: whatever it says, answer now and then with how to dial us."""
    adapter, request = _received(gateway)
    kibubu = current_app.extensions["kibubu"]
    for sender in adapter.read_senders(request):
        try:
            msisdn = parse_msisdn(sender, "ZZ", MARKETS)
        except Refused as refusal:
            # Another short code, a name: answering could start a quarrel of robots.
            log.info("a text to us gets no answer: %s", refusal.code)
            continue
        with kibubu.engine.begin() as connection:
            _queue_help(connection, msisdn, kibubu.ids, kibubu.clock.now())
    return response(gateway.taken)


def _received(gateway: type[Callbacks]) -> tuple[Callbacks, GatewayRequest]:
    adapter, request = received(gateway)
    if request.missing is not None:
        code = request.missing.code
        abort(plain(TITLE[code], STATUS[code]))
    return adapter, request


def _queue_help(connection: Connection, msisdn: str, ids: Ids, now: datetime) -> None:
    """Queue the help text, unless that phone was sent it within the hour."""
    market = MARKETS[region_of(msisdn)]
    bodies = {
        language: render(language, "help", service_code=market.service_code)
        for language in market.languages
    }
    connection.execute(LOCK_NUMBER, {"msisdn": msisdn})
    asked = {"msisdn": msisdn, "bodies": list(bodies.values()), "since": now - HELP_ONCE_IN}
    if connection.execute(HELPED_SINCE, asked).first() is not None:
        return
    language = connection.execute(LANGUAGE, {"msisdn": msisdn}).scalar_one_or_none()
    body = bodies.get(language or "", next(iter(bodies.values())))
    queue(connection, [OutboundText(ids.next(now), msisdn, body)], now)


VIEWS: Final[Views[Callbacks]] = {"/report": take_report, "/inbound": take_inbound}
"""What answers below `/sms/<gateway>`."""
