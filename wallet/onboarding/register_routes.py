"""Registering: oneself, with a code that proves the number, or by an agent face to face."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID, uuid4, uuid5

from flask import Response
from marshmallow import Schema, fields

from wallet.clock import reference
from wallet.escrow.registered_claims import deliver_claims
from wallet.ledger.poster import WORKER
from wallet.numbers import region_of
from wallet.onboarding import register
from wallet.people import prove_pin, sign_in
from wallet.people.token_routes import CodeField
from wallet.web import examples
from wallet.web.answers import receipt_answer
from wallet.web.auth import caller, requires
from wallet.web.routing import Routes
from wallet.web.schemas import NameField, PhoneField, PinField, ReferenceField, current_service

NAMESPACE: Final = UUID("b7a5f6c2-6f3d-5b6e-9d53-0d6f0f6f8a21")
"""Keys are derived: the same registration sent again is answered again."""

blp = Routes("registrations", "/v1", "Registering people.")


class RegistrationRequestSchema(Schema):
    """Somebody who registers their own number, proved by a code."""

    sign_in = ReferenceField(required=True)
    code = CodeField
    msisdn = PhoneField(required=True, metadata={"example": examples.NEWCOMER})
    name = NameField(required=True)
    pin = PinField(
        required=True, metadata={"description": "The one to come.", "example": examples.NEW_PIN}
    )
    language = fields.Str(metadata={"example": "sw", "description": "Else the country's first."})


class AgentRegistrationRequestSchema(Schema):
    """Somebody whom an agent registers; they set their PIN on their own phone."""

    msisdn = PhoneField(required=True, metadata={"example": examples.NEWCOMER})
    name = NameField(required=True)
    pin = PinField(
        required=True, metadata={"description": "The agent's own.", "example": examples.AGENT_PIN}
    )
    language = fields.Str(metadata={"example": "sw", "description": "Else the country's first."})


class RegistrationSchema(Schema):
    """A new holder."""

    reference = fields.Str(metadata={"example": "1QGDF9BM0K7J"})
    kind = fields.Str(metadata={"example": "register"})
    holder_id = fields.Str(metadata={"example": "1QGDF9BM0K7J"})
    msisdn = fields.Str(metadata={"example": examples.NEWCOMER})
    name = fields.Str(metadata={"example": examples.NEWCOMER_NAME})
    language = fields.Str(metadata={"example": "sw"})
    market = fields.Str(metadata={"example": "KE"})
    tier = fields.Int(metadata={"example": 0})
    pin_set = fields.Bool(metadata={"example": True})


@blp.post("/registrations")
@blp.arguments(RegistrationRequestSchema)
@blp.response(201, RegistrationSchema)
def create_registration(body: dict[str, Any]) -> Response:
    """Register your own number

    Ask for a code first (`/v1/sign-ins`). The code is not used up: sign in with it next.
    """
    service = current_service()
    sign_in.check(
        service.engine,
        body["sign_in"],
        body["code"],
        key=service.settings.token_key,
        now=service.clock.now(),
        msisdn=body["msisdn"],
    )
    return _register(body, pin=body["pin"], scope=reference(body["sign_in"]))


@blp.post("/agents/registrations")
@requires("agent")
@blp.arguments(AgentRegistrationRequestSchema)
@blp.response(201, RegistrationSchema)
def create_agent_registration(body: dict[str, Any]) -> Response:
    """Register somebody as their agent

    They set their own PIN by dialling the service code from their phone.
    """
    agent_id = caller().holder_id
    current_service().poster.post(
        prove_pin.decide, prove_pin.Command(agent_id, uuid4(), body["pin"])
    )
    return _register(body, agent_id=agent_id)


def _register(
    body: Mapping[str, Any], *, pin: Any = None, agent_id: int | None = None, scope: str = ""
) -> Response:
    service = current_service()
    market = service.markets[region_of(body["msisdn"])]
    language = body.get("language", market.languages[0])
    contents = "|".join((scope, body["msisdn"], body["name"], language))
    receipt = service.poster.post(
        register.decide,
        register.Command(
            actor=WORKER if agent_id is None else agent_id,
            key=uuid5(NAMESPACE, contents),
            pin=pin,
            msisdn=body["msisdn"],
            name=body["name"],
            language=language,
            market=market.code,
            agent_id=agent_id,
        ),
    )
    deliver_claims(service.engine, service.poster, body["msisdn"])
    return receipt_answer(receipt)
