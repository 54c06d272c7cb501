"""Africa's Talking: a form in, `CON ` or `END ` and the screen out, always with HTTP 200.

`text` is everything typed so far, joined with `*`; it holds the PIN, so it is never logged. It
signs nothing, so the addresses we give it carry a secret (`?token=`).
"""

from __future__ import annotations

from typing import ClassVar, Final

from sms.gateways.africastalking import AfricasTalkingSettings
from ussd.events import Event, Screen
from ussd.gateways import LONGEST_SESSION_ID, Ended
from wallet.config import Section, Settings
from wallet.gateways import Answer, GatewayRequest, NotUnderstood, has_token

LABEL_HEADER: Final = "at-ussd-hop-metadata"
TEXT: Final = ("Content-Type", "text/plain; charset=utf-8")
STATUSES: Final = frozenset({"Success", "Incomplete", "Failed"})


class AfricasTalking:
    """Its hops come to one address and the ends of sessions, a form too, to one below it."""

    name: ClassVar[str] = "africastalking"
    section: ClassVar[type[Section] | None] = AfricasTalkingSettings
    method: ClassVar[str] = "POST"
    most_bytes: ClassVar[int] = 256 * 1024

    def __init__(self, settings: Settings) -> None:
        self._token = settings.section(AfricasTalkingSettings).callback_token

    def authentic(self, request: GatewayRequest) -> bool:
        return has_token(request.query, self._token)

    def read(self, request: GatewayRequest) -> Event | Ended:
        form = request.form
        session_id = form.get("sessionId", "")
        phone = form.get("phoneNumber", "").strip()
        if not phone or not 0 < len(session_id) <= LONGEST_SESSION_ID:
            raise NotUnderstood
        event = Event(
            gateway=self.name,
            session_id=session_id,
            # An unescaped + arrives as a space.
            msisdn=phone if phone.startswith("+") else f"+{phone}",
            service_code=form.get("serviceCode", ""),
            network=form.get("networkCode", ""),
            typed=form.get("text", ""),
        )
        if not request.path.endswith("/ended"):
            return event
        status = form.get("status", "")
        return Ended(event, status if status in STATUSES else "other")

    def write(self, _: Event | None, screen: Screen) -> Answer:
        body = f"{'CON' if screen.more else 'END'} {screen.text}"
        return 200, [TEXT, (LABEL_HEADER, screen.label)], body.encode()
