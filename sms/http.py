"""What Africa's Talking calls: delivery reports and inbound texts, as forms.

It signs nothing, so the addresses we give it carry a secret (`?token=`). Bodies are never logged:
people text their PIN. Answers are short and plain; the gateway repeats what does not get a 200.
"""

import hmac
from datetime import datetime, timedelta
from typing import Final

from flask import Blueprint, Response, abort, current_app, request
from sqlalchemy import Connection, text

from sms.gateways import OutboundText
from sms.outbox import queue
from sms.reports import record_report
from sms.wording import render
from wallet.clock import Ids
from wallet.errors import Refused
from wallet.markets import MARKETS
from wallet.numbers import parse_msisdn, region_of

GATEWAY: Final = "africastalking"
FORM_BYTES: Final = 16 * 1024
FIELD_CHARACTERS: Final = 200
ENCODED: Final = frozenset(b"%&+;")
HELP_ONCE_IN: Final = timedelta(hours=1)


# Two texts from one phone at once must not get two answers. See `sms.reports.LOCK` for the number.
LOCK_NUMBER = text("SELECT pg_advisory_xact_lock(7306, hashtext(:msisdn))")
HELPED_SINCE = text("""
    SELECT 1 FROM texts
     WHERE msisdn = :msisdn AND body = ANY(:bodies) AND queued_at > :since
     LIMIT 1
""")
LANGUAGE = text("SELECT language FROM holders WHERE msisdn = :msisdn")


def sms_blueprint() -> Blueprint:
    """Return the routes below `/sms`; they read `current_app.extensions["kibubu"]`."""
    blueprint = Blueprint("sms", __name__, url_prefix="/sms/africastalking")
    blueprint.before_request(check_callback_token)
    blueprint.before_request(_check_size)
    blueprint.post("/report")(take_report)
    blueprint.post("/inbound")(take_inbound)
    return blueprint


def take_report() -> Response:
    """A delivery report: `id`, `status`, and `failureReason` where it failed."""
    gateway_id, status = _field("id"), _field("status")
    if not gateway_id or not status:
        return _plain("id and status are required", 400)
    kibubu = current_app.extensions["kibubu"]
    record_report(
        kibubu.engine,
        GATEWAY,
        gateway_id,
        status,
        failure=_field("failureReason"),
        now=kibubu.clock.now(),
    )
    return _plain("OK")


def take_inbound() -> Response:
    """A text to our short code: whatever it says, answer now and then with how to dial us."""
    kibubu = current_app.extensions["kibubu"]
    try:
        msisdn = parse_msisdn(_field("from"), "ZZ", MARKETS)
    except Refused:
        return _plain("OK")  # another short code, a name: answering could start a quarrel of robots
    with kibubu.engine.begin() as connection:
        _queue_help(connection, msisdn, kibubu.ids, kibubu.clock.now())
    return _plain("OK")


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


def check_callback_token() -> None:
    """Refuse who does not know the secret in our callback addresses; USSD's are guarded alike."""
    wanted = current_app.extensions["kibubu"].settings.callback_token.encode()
    query = request.query_string
    # Mostly it is the whole query; reading a query in general costs a USSD hop a tenth.
    is_alone = query.startswith(b"token=") and not set(query) & ENCODED
    given = query[6:] if is_alone else request.args.get("token", "").encode()
    if not wanted or not hmac.compare_digest(given, wanted):
        abort(_plain("forbidden", 403))


def _check_size() -> None:
    if (request.content_length or 0) > FORM_BYTES:
        abort(_plain("too large", 413))
    request.max_content_length = FORM_BYTES


def _field(name: str) -> str:
    """Return a form field, cut to a sane length; NUL cannot be stored."""
    return request.form.get(name, "").replace("\0", "")[:FIELD_CHARACTERS].strip()


def _plain(message: str, status: int = 200) -> Response:
    return Response(message + "\n", status, mimetype="text/plain")
