"""Asking for a one-time code: the first step of signing in, and of registering oneself."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields
from sqlalchemy import text

from sms.gateways import OutboundText
from sms.outbox import queue
from sms.wording import render
from wallet.people import sign_in
from wallet.web import examples
from wallet.web.routing import Routes
from wallet.web.schemas import PhoneField, ReferenceField, current_service

LANGUAGE_OF = text("SELECT language FROM holders WHERE msisdn = :msisdn")

blp = Routes("sign-ins", "/v1/sign-ins", "One-time codes by SMS.")


class SignInRequestSchema(Schema):
    """Which phone is to prove itself."""

    msisdn = PhoneField(required=True, metadata={"example": examples.CUSTOMER})


class SignInSchema(Schema):
    """A code is on its way, whoever the number belongs to."""

    sign_in = ReferenceField(metadata={"description": "Send it back with the code."})
    expires_at = fields.DateTime(metadata={"example": "2026-01-05T09:05:00+00:00"})


@blp.post("")
@blp.arguments(SignInRequestSchema)
@blp.response(202, SignInSchema)
def create_sign_in(body: dict[str, Any]) -> dict[str, Any]:
    """Have a one-time code texted to a number

    The answer is the same whether or not the number is registered. A code is good for five
    minutes and five attempts; a number gets at most five an hour.
    """
    service = current_service()
    now, msisdn = service.clock.now(), body["msisdn"]
    new = sign_in.SignIn(service.ids.next(now), msisdn, sign_in.draw_code(), now + sign_in.LIFETIME)
    with service.engine.begin() as connection:
        sign_in.ask(connection, new, key=service.settings.token_key, now=now)
        language = connection.execute(LANGUAGE_OF, {"msisdn": msisdn}).scalar_one_or_none()
        message = render(language or "en", "otp", code=new.code)
        queue(connection, [OutboundText(service.ids.next(now), msisdn, message)], now)
    return {"sign_in": new.id, "expires_at": new.expires_at}
