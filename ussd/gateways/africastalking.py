"""Africa's Talking: a form in, `CON ` or `END ` and the screen out, always with HTTP 200.

`text` is everything typed so far, joined with `*`; it holds the PIN, so it is never logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_plus

from ussd.events import Event, Screen

GATEWAY: Final = "africastalking"
LABEL_HEADER: Final = "at-ussd-hop-metadata"
LONGEST_SESSION_ID: Final = 128


class NotAHop(Exception):
    """The form lacks what every hop has, or it is absurd."""


def read_form(raw: bytes) -> Mapping[str, str]:
    """Return the fields of a form; of one given twice, the first."""
    form: dict[str, str] = {}
    for pair in raw.decode("utf-8", "replace").split("&"):
        name, _, value = pair.partition("=")
        form.setdefault(name, unquote_plus(value))
    return form


def event_of(form: Mapping[str, str]) -> Event:
    """Return the hop of a form."""
    session_id = form.get("sessionId", "")
    phone = form.get("phoneNumber", "").strip()
    if not phone or not 0 < len(session_id) <= LONGEST_SESSION_ID:
        raise NotAHop
    return Event(
        gateway=GATEWAY,
        session_id=session_id,
        msisdn=phone if phone.startswith("+") else f"+{phone}",  # an unescaped + arrives as a space
        service_code=form.get("serviceCode", ""),
        network=form.get("networkCode", ""),
        typed=form.get("text", ""),
    )


def body_of(screen: Screen) -> str:
    """Return a screen as the gateway wants it."""
    return f"{'CON' if screen.more else 'END'} {screen.text}"
