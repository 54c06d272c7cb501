"""Collections: an agent pays a merchant's payout in cash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
from flask import Response
from marshmallow import fields

from wallet.payouts import collect
from wallet.payouts.collecting import found_for
from wallet.people.one_time import OneTimeCode
from wallet.web import examples
from wallet.web.answers import receipt_answer
from wallet.web.auth import caller, idempotency_key, keyed, requires
from wallet.web.receipts import ReceiptSchema
from wallet.web.routing import Routes
from wallet.web.schemas import (
    AmountField,
    PartySchema,
    PhoneField,
    PinField,
    ReferenceField,
    service,
)

blp: Final = Routes("collections", "/v1/collections", "Payouts in cash, paid by agents.")


class CollectionRequestSchema(ma.Schema):
    """The phone and the code that the merchant shows, and the agent's PIN."""

    msisdn = PhoneField(required=True, metadata={"example": examples.MERCHANT})
    code = fields.Str(required=True, metadata={"example": "48291307", "pattern": "^[0-9]{8}$"})
    pin = PinField(required=True, metadata={"example": examples.AGENT_PIN})


class CollectionReceiptSchema(ReceiptSchema):
    """Cash to hand over: the amount is in the agent's float."""

    payout = ReferenceField()
    amount = AmountField()
    balance = AmountField()
    receiver = fields.Nested(PartySchema)


@blp.post("")
@requires("agent")
@keyed
@blp.arguments(CollectionRequestSchema)
@blp.response(201, CollectionReceiptSchema)
def create_collection(body: Mapping[str, Any]) -> Response:
    """Pay a merchant's payout in cash

    The code is good once, until it expires, and for five attempts: then the money goes back.
    """
    parts, code = service(), OneTimeCode(body["code"])
    keys = {each.kid: each.key for each in parts.settings.pin_keys}
    found = found_for(
        parts.engine, body["msisdn"], code, keys, parts.home.currency, parts.clock.now()
    )
    command = collect.Command(
        caller().holder_id,
        idempotency_key(),
        body["pin"],
        body["msisdn"],
        code,
        found.payout_id,
        found.currency,
    )
    return receipt_answer(parts.poster.post(collect.decide, command))
