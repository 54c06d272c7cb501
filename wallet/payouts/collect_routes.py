"""Collections: an agent pays a merchant's payout in cash."""

from __future__ import annotations

from typing import Final

import marshmallow as ma
from marshmallow import fields

from wallet.payouts import collect
from wallet.payouts.collection_codes import payout_of_code
from wallet.people.one_time import OneTimeCode
from wallet.service import Service
from wallet.web import examples
from wallet.web.acts import Act, ActRequest
from wallet.web.receipts import ReceiptSchema
from wallet.web.routing import Routes
from wallet.web.schemas import AmountField, PartySchema, PhoneField, PinField, ReferenceField

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


COLLECTION: Final = Act(
    body=CollectionRequestSchema,
    roles=("agent",),
    decide=collect.decide,
    receipt=CollectionReceiptSchema,
)


@blp.prepared_act("", COLLECTION)
def create_collection(request: ActRequest, service: Service) -> collect.Command:
    """Pay a merchant's payout in cash

    The code is good once, until it expires, and for five attempts: then the money goes back.
    """
    body, code = request.body, OneTimeCode(request.body["code"])
    keys = {each.kid: each.key for each in service.settings.pin_keys}
    found = payout_of_code(
        service.engine, body["msisdn"], code, keys, service.home.currency, service.clock.now()
    )
    return collect.Command(
        request.actor,
        request.key,
        body["pin"],
        body["msisdn"],
        code,
        found.payout_id,
        found.currency,
    )
