"""What Africa's Talking calls: `/ussd/africastalking` on each hop, `/ended` after a session.

Whatever happens the answer to a hop is HTTP 200 and a screen: anything else ends the session at
the gateway with a message that is not ours. Bodies are never logged: they hold PINs.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from flask import Blueprint, Flask, Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from sms.http import check_callback_token
from ussd.events import Screen
from ussd.gateways.africastalking import LABEL_HEADER, NotAHop, body_of, event_of, read_form
from ussd.machine import Machine, log_defect
from ussd.metrics import count_end, count_hop
from ussd.quick import QuickHops
from ussd.wording import say

if TYPE_CHECKING:
    from wallet.service import Service
    from wallet.web.bridge import Answer, Request
    from wallet.web.loop import Handler

log = logging.getLogger(__name__)

FORM_BYTES: Final = 256 * 1024
SHORT_DIGITS: Final = 4  # below ten thousand bytes
TEXT: Final = "text/plain; charset=utf-8"
FORM: Final = "application/x-www-form-urlencoded"
SHORT_BYTES: Final = 9_999
MACHINE: Final = "kibubu ussd"
STATUSES: Final = frozenset({"Success", "Incomplete", "Failed"})


def ussd_blueprint() -> Blueprint:
    """Return the routes below `/ussd`; they read `current_app.extensions["kibubu"]`."""
    blueprint = Blueprint("ussd", __name__, url_prefix="/ussd/africastalking")
    blueprint.before_request(check_callback_token)
    blueprint.post("")(take_hop)
    blueprint.post("/ended")(take_ended)
    return blueprint


def take_hop() -> Response:
    """One hop of a session: what was typed in, a screen out."""
    screen = _screen(current_app.extensions, _form)
    headers = {LABEL_HEADER: screen.label}
    return Response(body_of(screen), headers=headers, content_type=TEXT)


def hop_handler(app: Flask) -> Handler:
    """Return what answers a plain hop on the event loop; any other it leaves to `take_hop`."""
    parts: Service = app.extensions["kibubu"]
    wanted = b"token=" + parts.settings.callback_token.encode()
    hops = QuickHops(parts)

    async def answer(asked: Request) -> Answer | None:
        if not hmac.compare_digest(asked.scope["query_string"], wanted):
            return None  # refused there, or it was written another way
        if asked.headers.get("content-type") != FORM or len(asked.body) > SHORT_BYTES:
            return None
        try:
            screen = await hops.answer(event_of(read_form(asked.body)))
        except Exception:  # noqa: BLE001 -- whatever it is, the other way finds it again and says it
            screen = None
        if screen is None:
            return None
        count_hop(screen.label)
        headers = [("Content-Type", TEXT), (LABEL_HEADER, screen.label)]
        return 200, headers, body_of(screen).encode()

    return answer


def _screen(extensions: dict[str, Any], form: Callable[[], Mapping[str, str]]) -> Screen:
    try:
        screen = _machine(extensions).answer(event_of(form()))
    except (NotAHop, RequestEntityTooLarge):
        screen = _apology(extensions, "malformed")
    except Exception as defect:  # noqa: BLE001 -- a defect too is answered with a screen
        log_defect(defect)
        screen = _apology(extensions, "defect")
    count_hop(screen.label)
    return screen


def take_ended() -> Response:
    """A session is over: count on which screen. What was typed in it is not looked at."""
    try:
        form = _form()
        status = form.get("status", "")
        status = status if status in STATUSES else "other"
        label = _machine(current_app.extensions).last_label(event_of(form))
        count_end(status, label)
        log.info("a ussd session ended: %s at %s", status, label)
    except (NotAHop, RequestEntityTooLarge):
        return Response("session and phone number are required\n", 400, mimetype="text/plain")
    except Exception as defect:  # noqa: BLE001 -- a count is not worth a repeated notice
        log_defect(defect)
    return Response("OK\n", mimetype="text/plain")


def _form() -> Mapping[str, str]:
    """Return the fields of the request's form.

    Werkzeug reads forms of any size and kind, which takes a tenth of the whole hop: the short
    ones, all there are in earnest, are read at once.
    """
    environ = request.environ
    length = environ.get("CONTENT_LENGTH", "")
    if environ.get("CONTENT_TYPE") == FORM and length.isdecimal() and len(length) <= SHORT_DIGITS:
        return read_form(environ["wsgi.input"].read(int(length)))
    request.max_content_length = FORM_BYTES
    return request.form


def _machine(extensions: dict[str, Any]) -> Machine:
    found = extensions.get(MACHINE)
    if found is None:
        found = extensions[MACHINE] = Machine.of(extensions["kibubu"])
    return cast("Machine", found)


def _apology(extensions: dict[str, Any], name: str) -> Screen:
    language = extensions["kibubu"].home.languages[0]
    return Screen(say(language, f"ends.{name}"), more=False, label=f"end.{name}")
