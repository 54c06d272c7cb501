"""What USSD gateways call: `/ussd/<gateway>` on each hop, `/ended` below it after a session.

Whatever happens the answer to a hop is a screen, as its gateway wants it: anything else ends the
session there with a message that is not ours. Bodies are never logged: they hold PINs.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from flask import Flask, Response, current_app

from ussd.events import Event, Screen
from ussd.gateways import Ended, Gateway, choice
from ussd.machine import Machine, log_defect
from ussd.metrics import count_end, count_hop
from ussd.quick import QuickHops
from ussd.wording import say
from wallet.gateways import FORM, NO_FORM, TAKEN, GatewayRequest, NotUnderstood, read_form
from wallet.web.callbacks import Views, plain, received, response

if TYPE_CHECKING:
    from wallet.service import Service
    from wallet.web.bridge import Answer
    from wallet.web.loop import Handler
    from wallet.web.receiving import Request

log = logging.getLogger(__name__)

SHORT_BYTES: Final = 9_999
"""What is longer is read in a thread."""
MACHINE: Final = "kibubu ussd"


def take_hop(gateway: type[Gateway]) -> Response:
    """One hop of a session: what was typed in, a screen out."""
    extensions = current_app.extensions
    adapter, request = received(gateway)
    event = None
    try:
        told = _read(adapter, request)
        if isinstance(told, Ended):  # some tell of the end at the same address
            _note_end(extensions, told)
            return response(TAKEN)
        event = told
        screen = _machine(extensions).answer(event)
    except NotUnderstood:
        log.warning("a ussd hop of %s was not understood", gateway.name)
        screen = _apology(extensions, "malformed")
    except Exception as defect:  # noqa: BLE001 -- a defect too is answered with a screen
        log_defect(defect)
        screen = _apology(extensions, "defect")
    count_hop(screen.label)
    return response(adapter.write(event, screen))


def take_ended(gateway: type[Gateway]) -> Response:
    """A session is over: count on which screen. What was typed in it is not looked at."""
    adapter, request = received(gateway)
    try:
        told = _read(adapter, request)
        if isinstance(told, Ended):
            _note_end(current_app.extensions, told)
    except NotUnderstood:
        log.warning("a notice of %s that a ussd session ended was not understood", gateway.name)
        return plain("session and phone number are required", 400)
    except Exception as defect:  # noqa: BLE001 -- a count is not worth a repeated notice
        log_defect(defect)
    return response(TAKEN)


def hop_handlers(app: Flask) -> Mapping[str, Handler]:
    """Return what answers plain hops on the event loop, by path; others are left to `take_hop`."""
    service: Service = app.extensions["kibubu"]
    hops = QuickHops(service)
    return {
        f"/ussd/{gateway.name}": _hop_handler(gateway(service.settings), hops)
        for gateway in choice.GATEWAYS
        if gateway.method == "POST"  # the loop takes no other
    }


def _hop_handler(gateway: Gateway, hops: QuickHops) -> Handler:
    async def answer(request: Request) -> Answer | None:
        if len(request.body) > SHORT_BYTES:
            return None
        scope, headers, body = request.scope, request.headers, request.body
        form = read_form(body) if headers.get("content-type") == FORM else NO_FORM
        gateway_request = GatewayRequest(scope["path"], scope["query_string"], headers, body, form)
        try:
            if not gateway.authentic(gateway_request):
                return None
            event = gateway.read(gateway_request)
        except NotUnderstood:  # perhaps a form of another kind
            return None
        except Exception as defect:  # noqa: BLE001 -- the other way says it
            log_defect(defect)
            return None
        if isinstance(event, Ended):
            return None
        screen = await hops.answer(event)
        count_hop(screen.label)
        return gateway.write(event, screen)

    return answer


def _read(gateway: Gateway, request: GatewayRequest) -> Event | Ended:
    if request.missing is not None:
        raise NotUnderstood
    return gateway.read(request)


def _note_end(extensions: dict[str, Any], ended: Ended) -> None:
    label = _machine(extensions).last_label(ended.event)
    count_end(ended.status, label)
    log.info("a ussd session ended: %s at %s", ended.status, label)


def _machine(extensions: dict[str, Any]) -> Machine:
    found = extensions.get(MACHINE)
    if found is None:
        found = extensions[MACHINE] = Machine.of(extensions["kibubu"])
    return cast("Machine", found)


def _apology(extensions: dict[str, Any], name: str) -> Screen:
    language = extensions["kibubu"].home.languages[0]
    return Screen(say(language, f"ends.{name}"), more=False, label=f"end.{name}")


VIEWS: Final[Views[Gateway]] = {"": take_hop, "/ended": take_ended}
"""What answers at `/ussd/<gateway>`, and below it."""
