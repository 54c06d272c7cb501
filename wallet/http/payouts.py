"""Payouts: a merchant sends what is settled to their bank, and sees what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
from flask import Response
from marshmallow import fields

from wallet.errors import Code, Refused
from wallet.escrow.reading import Payouts, PayoutView, payout_of, payouts_of
from wallet.flows import payout
from wallet.http import examples
from wallet.http.answers import receipt_answer
from wallet.http.auth import caller, idempotency_key, keyed, requires
from wallet.http.pages import PageQuerySchema, PageSchema
from wallet.http.receipts import PayoutReceiptSchema
from wallet.http.routing import Routes
from wallet.http.schemas import AmountField, PinField, ReferenceField, service

blp: Final = Routes("payouts", "/v1/payouts", "What is settled, sent to the merchant's bank.")


class PayoutRequestSchema(ma.Schema):
    """What the bank shall receive; the fee comes on top."""

    amount = AmountField(required=True)
    pin = PinField(required=True, metadata={"example": examples.MERCHANT_PIN})


class PayoutSchema(ma.Schema):
    """A payout on its way: requested, sent to the bank, then paid or failed."""

    reference = ReferenceField(attribute="id")
    state = fields.Str(metadata={"enum": ["requested", "sent", "paid", "failed"]})
    amount = AmountField()
    fee = AmountField()
    destination = fields.Str(metadata={"example": "bank 01 4567"})
    requested_at = fields.DateTime()
    sent_at = fields.DateTime(allow_none=True)
    settled_at = fields.DateTime(allow_none=True)
    failure = fields.Str(allow_none=True, metadata={"example": None})


class PayoutPageSchema(PageSchema):
    """My payouts, newest first."""

    items = fields.List(fields.Nested(PayoutSchema))


@blp.post("")
@requires("merchant")
@keyed
@blp.arguments(PayoutRequestSchema)
@blp.response(201, PayoutReceiptSchema)
def create_payout(body: Mapping[str, Any]) -> Response:
    """Send what is settled to your bank

    It leaves your settlement account at once; if the bank cannot take it, it comes back whole.
    """
    command = payout.Command(caller().holder_id, idempotency_key(), body["pin"], body["amount"])
    return receipt_answer(service().poster.post(payout.decide, command))


@blp.get("")
@requires("merchant")
@blp.arguments(PageQuerySchema, location="query")
@blp.response(200, PayoutPageSchema)
def list_payouts(query: Mapping[str, Any]) -> Payouts:
    """See your payouts, newest first"""
    own_id = caller().holder_id
    return payouts_of(service().engine, own_id, query.get("before"), query["limit"])


@blp.get("/<reference:payout_id>")
@requires("merchant")
@blp.response(200, PayoutSchema)
def get_payout(payout_id: int) -> PayoutView:
    """See one of your payouts"""
    found = payout_of(service().engine, caller().holder_id, payout_id)
    if found is None:
        raise Refused(Code.NOT_FOUND)
    return found
