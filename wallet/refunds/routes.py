"""Refunds: a merchant gives back what was released to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
from marshmallow import fields, validate

from wallet.errors import Code, Refused
from wallet.refunds import refund
from wallet.refunds.reading import Refunds, RefundView, see_refund, see_refunds
from wallet.web import examples
from wallet.web.acts import Act, ActRequest
from wallet.web.auth import caller, requires
from wallet.web.pages import PageQuerySchema, PageSchema
from wallet.web.receipts import ReceiptSchema
from wallet.web.routing import Routes
from wallet.web.schemas import AmountField, PinField, ReferenceField, current_service

blp: Final = Routes("refunds", "/v1/refunds", "What was released, given back by the merchant.")

STATES: Final = ("waiting", "paid", "declined")
_KEPT: Final = {
    "description": "Always zero: the commission of what is refunded is kept.",
    "example": {"amount": "0.00", "currency": "KES"},
}


_WAITS: Final = {
    "description": "Where it is not covered by then, it is declined; null where it never waited.",
    "example": "2026-02-04T09:00:00+00:00",
}


class RefundRequestSchema(ma.Schema):
    """Without an amount, all that is left of the payment. It cannot be undone."""

    payment = ReferenceField(
        required=True, metadata={"description": "Of the payment, as both sides were texted it."}
    )
    amount = AmountField()
    pin = PinField(required=True, metadata={"example": examples.MERCHANT_PIN})
    when_covered = fields.Bool(
        load_default=False,
        truthy={True},
        falsy={False},
        metadata={
            "description": "Let it wait where the balance does not cover it. It is paid before"
            " any payout, and you cannot call it off. What is not covered by `waits_until` is"
            " declined: the customer is told, and you may refund it anew.",
            "example": True,
        },
    )


class RefundReceiptSchema(ReceiptSchema):
    """A refund that was made, or that waits until the balance covers it."""

    refund = ReferenceField()
    payment = ReferenceField()
    state = fields.Str(metadata={"enum": list(STATES)})
    asked = AmountField(metadata={"description": "What shall go back."})
    amount = AmountField(metadata={"description": "What has; not there while it waits."})
    commission_returned = AmountField(metadata=_KEPT)
    waits_until = fields.DateTime(allow_none=True, metadata=_WAITS)
    refunded = AmountField(metadata={"description": "Of this payment so far, this included."})
    left = AmountField(metadata={"description": "What may still be refunded of this payment."})
    balance = AmountField(metadata={"description": "What is left of what is settled to you."})


class RefundSchema(ma.Schema):
    """A refund: waiting, paid, or declined: by the operator, or because it was not covered."""

    reference = ReferenceField(attribute="refund.id")
    payment = ReferenceField(attribute="refund.payment_id")
    state = fields.Str(attribute="refund.state", metadata={"enum": list(STATES)})
    merchant = fields.Str(attribute="refund.merchant", metadata={"example": "Duka la Juma"})
    payer = fields.Str(metadata={"example": "Amina Odhiambo"})
    amount = AmountField(attribute="refund.amount")
    asked_at = fields.DateTime(attribute="refund.asked_at")
    waits_until = fields.DateTime(attribute="refund.waits_until", allow_none=True, metadata=_WAITS)
    ended_at = fields.DateTime(attribute="refund.ended_at", allow_none=True)
    posting = ReferenceField(attribute="refund.posting_id", allow_none=True)
    decline_reason = fields.Str(
        attribute="refund.decline_reason", allow_none=True, metadata={"example": None}
    )


class RefundPageSchema(PageSchema):
    """My refunds, newest first."""

    items = fields.List(fields.Nested(RefundSchema))


class RefundQuerySchema(PageQuerySchema):
    """Which of my refunds."""

    waiting = fields.Bool(
        load_default=False, metadata={"description": "Only those that wait to be covered."}
    )


class RefundDeclineSchema(ma.Schema):
    """Why a waiting refund shall not be paid."""

    reason = fields.Str(
        required=True,
        validate=validate.Length(1, 140),
        metadata={"example": "The customer was paid back in cash"},
    )


class RefundDeclinedSchema(RefundReceiptSchema):
    """A refund that will not be paid."""

    class Meta:
        exclude = ("amount", "refunded", "left")

    reason = fields.Str(metadata={"example": "The customer was paid back in cash"})


REFUND: Final = Act(
    body=RefundRequestSchema, roles=("merchant",), decide=refund.decide, receipt=RefundReceiptSchema
)
DECLINE: Final = Act(
    body=RefundDeclineSchema,
    roles=("operator",),
    decide=refund.decide_decline,
    receipt=RefundDeclinedSchema,
)


@blp.act("", REFUND)
def create_refund(request: ActRequest) -> refund.Command:
    """Refund a payment that was released to you

    Whole or in part, repeatedly, never more than was released, from what is settled to you.
    """
    body = request.body
    return refund.Command(
        request.actor,
        request.key,
        body["pin"],
        body["payment"],
        body.get("amount"),
        body["when_covered"],
    )


@blp.get("")
@requires("merchant")
@blp.arguments(RefundQuerySchema, location="query")
@blp.response(200, RefundPageSchema)
def list_refunds(query: Mapping[str, Any]) -> Refunds:
    """See your refunds, newest first"""
    service = current_service()
    return see_refunds(
        service.engine,
        service.poster,
        service.clock.now(),
        caller().holder_id,
        only_waiting=query["waiting"],
        before=query.get("before"),
        limit=query["limit"],
    )


@blp.get("/<reference:refund_id>")
@requires("consumer", "merchant")
@blp.response(200, RefundSchema)
def get_refund(refund_id: int) -> RefundView:
    """See a refund that you made, or that is made to you"""
    service = current_service()
    found = see_refund(
        service.engine, service.poster, service.clock.now(), caller().holder_id, refund_id
    )
    if found is None:
        raise Refused(Code.NOT_FOUND)
    return found


@blp.act("/<reference:refund_id>/declines", DECLINE)
def decline_refund(request: ActRequest) -> refund.Decline:
    """Decline a refund that waits, as one of the operator's staff"""
    return refund.Decline(request.actor, request.key, request.id, request.body["reason"])


ROUTES: Final = (blp,)
