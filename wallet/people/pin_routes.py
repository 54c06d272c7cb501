"""Changing one's PIN. A first one is set by phone, or when registering."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask import Response
from marshmallow import Schema, fields

from wallet.people import change_pin
from wallet.web import examples
from wallet.web.answers import receipt_answer
from wallet.web.auth import caller, requires
from wallet.web.routing import Routes
from wallet.web.schemas import PinField, current_service

blp = Routes("pins", "/v1/pin-changes", "The four digits that guard a wallet.")


class PinChangeRequestSchema(Schema):
    """The present PIN and the one to come."""

    pin = PinField(required=True)
    new_pin = PinField(required=True, metadata={"example": examples.NEW_PIN})


class PinChangeSchema(Schema):
    """The PIN was changed."""

    reference = fields.Str(metadata={"example": "1QGDF9BM0K7J"})
    kind = fields.Str(metadata={"example": "change_pin"})
    name = fields.Str(metadata={"example": "Juma Otieno"})
    posted_at = fields.Str(metadata={"example": "2026-01-05T09:00:00+00:00"})


@blp.post("")
@requires("consumer")
@blp.arguments(PinChangeRequestSchema)
@blp.response(201, PinChangeSchema)
def create_pin_change(body: dict[str, Any]) -> Response:
    """Change your PIN

    Three wrong attempts lock it. Easy and recent PINs are refused.
    """
    # A new key each time: the PINs are no contents, so a replay could not tell them apart.
    command = change_pin.Command(caller().holder_id, uuid4(), body["pin"], body["new_pin"])
    return receipt_answer(current_service().poster.post(change_pin.decide, command))
