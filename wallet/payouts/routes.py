"""Payouts: a merchant has what is settled sent out, now or by a schedule, and sees how it goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

import marshmallow as ma
from flask import Response
from marshmallow import fields, validate

from wallet.destinations.records import KINDS
from wallet.errors import Code, Refused
from wallet.payouts import batch_routes, collect_routes, payout, schedule
from wallet.payouts.rails import mtn_momo_routes
from wallet.payouts.reading import Payouts, PayoutView, payout_of, payouts_of
from wallet.payouts.schedule_records import EVERY, Schedule, schedules_of
from wallet.people.one_time import OneTimeCode
from wallet.web import examples
from wallet.web.acts import Act, ActRequest
from wallet.web.answers import receipt_answer
from wallet.web.auth import caller, requires
from wallet.web.pages import PageQuerySchema, PageSchema
from wallet.web.receipts import ReceiptSchema
from wallet.web.routing import Routes
from wallet.web.schemas import AmountField, PinField, ReferenceField, current_service
from wallet.web.together import shape

blp: Final = Routes("payouts", "/v1/payouts", "What is settled, sent where the merchant says.")
STATES: Final = ("requested", "sent", "unknown", "collectible", "paid", "failed")
# To the default destination: another needs a reference of one's own.
_PAYOUT: Final = {
    "amount": {"amount": "250.00", "currency": "KES"},
    "pin": examples.MERCHANT_PIN,
}
_SCHEDULE: Final = {
    "every": "weekly",
    "weekday": 5,
    "hour": 17,
    "minimum": {"amount": "500.00", "currency": "KES"},
    "pin": examples.MERCHANT_PIN,
}


class PayoutRequestSchema(ma.Schema):
    """What shall arrive; the fee comes on top. Without a destination it goes to the default."""

    amount = AmountField(required=True)
    destination = ReferenceField()
    pin = PinField(required=True, metadata={"example": examples.MERCHANT_PIN})


class PayoutReceiptSchema(ReceiptSchema):
    """A payout that is on its way, or at the own wallet already."""

    amount = AmountField()
    fee = AmountField()
    balance = AmountField()
    destination = fields.Str(metadata={"example": "bank 01 4567"})
    state = fields.Str(metadata={"enum": ["requested", "collectible", "paid"]})
    expires_at = fields.DateTime(allow_none=True, metadata={"example": None})


class PayoutSchema(ma.Schema):
    """A payout on its way: requested, sent, then paid or failed.

    Of an `unknown` one no answer has come: the bank is asked again, and nothing is sent anew.
    One in cash is `collectible` until it expires; then, as when it has failed, it comes back.
    """

    reference = ReferenceField(attribute="id")
    state = fields.Str(metadata={"enum": list(STATES)})
    amount = AmountField()
    fee = AmountField()
    kind = fields.Str(metadata={"enum": list(KINDS)})
    destination = fields.Str(metadata={"example": "bank 01 4567"})
    requested_at = fields.DateTime()
    sent_at = fields.DateTime(allow_none=True)
    settled_at = fields.DateTime(allow_none=True)
    failure = fields.Str(allow_none=True, metadata={"example": None})
    expires_at = fields.DateTime(allow_none=True, metadata={"description": "Of cash."})


class PayoutPageSchema(PageSchema):
    """My payouts, newest first."""

    items = fields.List(fields.Nested(PayoutSchema))


class ScheduleRequestSchema(ma.Schema):
    """When to pay out by itself, and how much there must be. Hours are the merchant's own."""

    every = fields.Str(required=True, validate=validate.OneOf(EVERY))
    weekday = fields.Int(strict=True, metadata={"minimum": 1, "maximum": 7, "example": 5})
    hour = fields.Int(strict=True, metadata={"minimum": 0, "maximum": 23, "example": 17})

    TOGETHER: Final = (
        shape(without=("weekday", "hour"), when={"every": "on_demand"}),
        shape(without=("weekday", "hour"), when={"every": "at_once"}),
        shape("hour", without=("weekday",), when={"every": "daily"}),
        shape("hour", "weekday", when={"every": "weekly"}),
    )
    minimum = AmountField(required=True)
    pin = PinField(required=True, metadata={"example": examples.MERCHANT_PIN})


class ScheduleReceiptSchema(ReceiptSchema):
    """The schedule as it now is."""

    every = fields.Str(metadata={"enum": list(EVERY)})
    weekday = fields.Int(allow_none=True)
    hour = fields.Int(allow_none=True)
    minimum = AmountField()
    next_at = fields.DateTime(allow_none=True)


class ScheduleSchema(ma.Schema):
    """A schedule. It is paused where a payout has failed, until it is set again."""

    every = fields.Str(metadata={"enum": list(EVERY)})
    weekday = fields.Int(allow_none=True)
    hour = fields.Int(allow_none=True)
    minimum = AmountField()
    next_at = fields.DateTime(attribute="runs_at", allow_none=True)
    paused_at = fields.DateTime(allow_none=True)
    skipped_at = fields.DateTime(allow_none=True)
    skipped_why = fields.Str(
        allow_none=True, metadata={"example": "less_than_transaction_min_value"}
    )


class SchedulesSchema(ma.Schema):
    """My schedules, one for each currency."""

    items = fields.List(fields.Nested(ScheduleSchema))


PAYOUT: Final = Act(
    body=PayoutRequestSchema, roles=("merchant",), decide=payout.decide, receipt=PayoutReceiptSchema
)


@blp.act("", PAYOUT, example=_PAYOUT)
def create_payout(request: ActRequest) -> payout.Command:
    """Send what is settled to you

    It leaves your settlement account at once; if it cannot be paid, it comes back whole. To your
    own wallet it is paid at once. For cash you are texted a code, which any agent pays for, once.
    """
    body = request.body
    return payout.Command(
        request.actor,
        request.key,
        body["pin"],
        body["amount"],
        body.get("destination"),
        OneTimeCode.draw(payout.CODE_DIGITS),
    )


@blp.get("")
@requires("merchant")
@blp.arguments(PageQuerySchema, location="query")
@blp.response(200, PayoutPageSchema)
def list_payouts(query: Mapping[str, Any]) -> Payouts:
    """See your payouts, newest first"""
    own_id = caller().holder_id
    return payouts_of(current_service().engine, own_id, query.get("before"), query["limit"])


@blp.get("/schedule")
@requires("merchant")
@blp.response(200, SchedulesSchema)
def list_schedules() -> Mapping[str, tuple[Schedule, ...]]:
    """See when you are paid out without asking"""
    return {"items": schedules_of(current_service().engine, caller().holder_id)}


@blp.put("/schedule")
@requires("merchant")
@blp.arguments(ScheduleRequestSchema, example=_SCHEDULE)
@blp.response(200, ScheduleReceiptSchema)
def set_schedule(body: Mapping[str, Any]) -> Response:
    """Be paid out without asking: all that is settled, to your default destination

    `at_once` after each settlement, `daily` and `weekly` at an hour of your own clock; less than
    the minimum waits. `on_demand` ends it.
    """
    command = schedule.SetSchedule(
        caller().holder_id,
        uuid4(),
        body["pin"],
        body["every"],
        body["minimum"],
        body.get("weekday"),
        body.get("hour"),
    )
    return receipt_answer(current_service().poster.post(schedule.decide_set, command), 200)


@blp.get("/<reference:payout_id>")
@requires("merchant")
@blp.response(200, PayoutSchema)
def get_payout(payout_id: int) -> PayoutView:
    """See one of your payouts"""
    found = payout_of(current_service().engine, caller().holder_id, payout_id)
    if found is None:
        raise Refused(Code.NOT_FOUND)
    return found


ROUTES: Final = (blp, collect_routes.blp, batch_routes.blp, mtn_momo_routes.blp)
