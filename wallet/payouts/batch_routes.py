"""Batches of payouts, for the operator's staff: see them, release and decline the large ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
from marshmallow import fields, validate

from wallet.approvals.approve import Ask
from wallet.approvals.routes import ReasonSchema, WaitingReceiptSchema
from wallet.errors import Code, Refused
from wallet.payouts import release_batch
from wallet.payouts.batch_records import (
    STATES,
    Batches,
    PayoutBatch,
    PayoutException,
    batch_of,
    batches,
    payout_exceptions,
)
from wallet.web.acts import Act, ActRequest
from wallet.web.auth import requires
from wallet.web.pages import PageQuerySchema, PageSchema
from wallet.web.receipts import ReceiptSchema
from wallet.web.routing import Routes
from wallet.web.schemas import AmountField, ReferenceField, current_service

blp: Final = Routes("payout batches", "/v1/payout-batches", "What goes to a rail in one piece.")


class BatchSchema(ma.Schema):
    """A batch. Above its market's limit it waits for two operators, and goes back at its time."""

    reference = ReferenceField(attribute="id")
    kind = fields.Str(metadata={"enum": ["bank", "mobile"]})
    market = fields.Str(metadata={"example": "KE"})
    count = fields.Int(attribute="payout_count")
    total = AmountField()
    state = fields.Str(metadata={"enum": list(STATES)})
    file = fields.Str(metadata={"description": "What the rail calls what it was given."})
    made_at = fields.DateTime()
    lapses_at = fields.DateTime(allow_none=True)
    decided_at = fields.DateTime(allow_none=True)
    sent_at = fields.DateTime(allow_none=True)


class BatchPageSchema(PageSchema):
    """Batches, newest first."""

    items = fields.List(fields.Nested(BatchSchema))


class BatchQuerySchema(PageQuerySchema):
    """Which batches."""

    state = fields.Str(validate=validate.OneOf(STATES))


class BatchReceiptSchema(ReceiptSchema):
    """A batch that was decided about."""

    batch = ReferenceField()
    state = fields.Str(metadata={"enum": list(STATES)})
    total = AmountField()
    count = fields.Int()
    reason = fields.Str(metadata={"example": "Not ours"})


class PayoutExceptionSchema(ma.Schema):
    """A rail's second word on a payout. The first was booked and stands: somebody must ask."""

    payout = ReferenceField(attribute="payout_id")
    merchant = ReferenceField(attribute="merchant_id")
    amount = AmountField()
    booked = fields.Str(metadata={"example": "paid"})
    said = fields.Str(metadata={"example": "failed"})
    reason = fields.Str(allow_none=True, metadata={"example": "account closed"})
    heard_at = fields.DateTime()


class PayoutExceptionsSchema(ma.Schema):
    """What rails took back, the latest first."""

    items = fields.List(fields.Nested(PayoutExceptionSchema))


@blp.get("")
@requires("operator")
@blp.arguments(BatchQuerySchema, location="query")
@blp.response(200, BatchPageSchema)
def list_batches(query: Mapping[str, Any]) -> Batches:
    """See batches of payouts, newest first"""
    return batches(
        current_service().engine,
        state=query.get("state"),
        before=query.get("before"),
        limit=query["limit"],
    )


@blp.get("/exceptions")
@requires("operator")
@blp.response(200, PayoutExceptionsSchema)
def list_exceptions() -> Mapping[str, tuple[PayoutException, ...]]:
    """See payouts of which a rail has said the contrary since"""
    return {"items": payout_exceptions(current_service().engine)}


@blp.get("/<reference:batch_id>")
@requires("operator")
@blp.response(200, BatchSchema)
def get_batch(batch_id: int) -> PayoutBatch:
    """See one batch"""
    found = batch_of(current_service().engine, batch_id)
    if found is None:
        raise Refused(Code.NOT_FOUND)
    return found


RELEASE: Final = Act(
    body=ReasonSchema,
    roles=("operator",),
    decide=release_batch.APPROVABLE.decide_ask,
    receipt=WaitingReceiptSchema,
)
DECLINE: Final = Act(
    body=ReasonSchema,
    roles=("operator",),
    decide=release_batch.decide_decline,
    receipt=BatchReceiptSchema,
)


@blp.act("/<reference:batch_id>/releases", RELEASE)
def create_release(request: ActRequest) -> Ask:
    """Ask for a batch to be released: another operator approves

    Batches within the limit need nobody: they are handed over by themselves.
    """
    inner = release_batch.Release(request.actor, request.key, request.id)
    return Ask(request.actor, request.key, inner, request.body["reason"])


@blp.act("/<reference:batch_id>/declines", DECLINE)
def create_batch_decline(request: ActRequest) -> release_batch.Decline:
    """Decline a batch that waits: its payouts go back to their merchants"""
    return release_batch.Decline(request.actor, request.key, request.id, request.body["reason"])
