"""Agreements beside the tills: offers to somebody registered, money sent to who is not yet."""

from __future__ import annotations

from typing import Final

import marshmallow as ma
from marshmallow import fields

from wallet.contracts.descriptions import LONGEST_DESCRIPTION
from wallet.contracts.periods import LONGEST_DAYS
from wallet.escrow import claim, offer
from wallet.web import examples
from wallet.web.acts import Act, ActRequest
from wallet.web.receipts import ReceiptSchema
from wallet.web.routing import Routes
from wallet.web.schemas import AmountField, PartySchema, PhoneField, PinField, ReferenceField

blp: Final = Routes("agreements", "/v1", "Money held without a till: offers and claims.")


class OfferSchema(ma.Schema):
    """An amount for somebody, theirs after so many days unless they decline it."""

    payee = PhoneField(required=True)
    amount = AmountField(required=True)
    period_days = fields.Int(
        required=True,
        strict=True,
        metadata={
            "minimum": 0,
            "maximum": LONGEST_DAYS,
            "example": 7,
            "description": "Days of the payee's calendar; 0 pays at once.",
        },
    )
    description = fields.Str(
        required=True,
        metadata={
            "minLength": 1,
            "maxLength": LONGEST_DESCRIPTION,
            "example": "Two bags of maize",
            "description": "What it is for, in printable characters.",
        },
    )
    pin = PinField(required=True)


class OfferReceiptSchema(ReceiptSchema):
    """An offer that was made; `contract` is null where it was paid at once."""

    amount = AmountField()
    fee = AmountField()
    balance = AmountField()
    payee = fields.Nested(PartySchema)
    description = fields.Str(metadata={"example": "Two bags of maize"})
    contract = ReferenceField(allow_none=True)
    deadline_at = fields.DateTime(
        allow_none=True, metadata={"example": "2026-01-12T09:00:00+00:00"}
    )


class ClaimSchema(ma.Schema):
    """An amount for a number that nobody has registered yet."""

    receiver = PhoneField(required=True, metadata={"example": examples.UNREGISTERED})
    amount = AmountField(required=True)
    pin = PinField(required=True)


class NewcomerSchema(PartySchema):
    """Somebody who has not registered yet: only their number is known."""

    name = fields.Str(allow_none=True, metadata={"example": None})


class ClaimReceiptSchema(ReceiptSchema):
    """Money that waits for its receiver to register, until the deadline."""

    amount = AmountField()
    fee = AmountField()
    balance = AmountField()
    receiver = fields.Nested(NewcomerSchema)
    contract = ReferenceField()
    deadline_at = fields.DateTime(metadata={"example": "2026-01-12T09:00:00+00:00"})


OFFER: Final = Act(
    body=OfferSchema, roles=("consumer",), decide=offer.decide, receipt=OfferReceiptSchema
)
CLAIM: Final = Act(
    body=ClaimSchema, roles=("consumer",), decide=claim.decide, receipt=ClaimReceiptSchema
)


@blp.act("/offers", OFFER)
def create_offer(request: ActRequest) -> offer.Command:
    """Offer money to somebody, held until the deadline agreed.

    Release it when you have what you paid for. They may decline it, and it comes back to you.
    """
    body = request.body
    return offer.Command(
        request.actor,
        request.key,
        body["pin"],
        body["payee"],
        body["amount"],
        body["period_days"],
        body["description"],
    )


@blp.act("/claims", CLAIM)
def create_claim(request: ActRequest) -> claim.Command:
    """Send money to a number that is not registered.

    They are told by SMS, and have it as soon as they register. Not claimed by the deadline, it
    comes back by itself.
    """
    body = request.body
    return claim.Command(request.actor, request.key, body["pin"], body["receiver"], body["amount"])
