"""Reversals: an operator asks for a transaction to be undone; another has to approve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
from flask import Response
from marshmallow import fields, validate

from wallet.approvals.approve import Ask
from wallet.approvals.routes import WaitingReceiptSchema
from wallet.errors import Code, Refused
from wallet.transfers import reverse
from wallet.transfers.reversal_records import receiver_of
from wallet.web.answers import receipt_answer
from wallet.web.auth import caller, idempotency_key, keyed, requires
from wallet.web.routing import Routes
from wallet.web.schemas import ReferenceField, service

blp: Final = Routes("reversals", "/v1/reversals", "A transaction undone, once, by two people.")


class ReversalSchema(ma.Schema):
    """Which transaction shall be undone, and why."""

    original = ReferenceField(required=True)
    reason = fields.Str(
        required=True,
        validate=validate.Length(1, 140),
        metadata={"example": "Sent to a wrong number"},
    )


@blp.post("")
@requires("operator")
@keyed
@blp.arguments(ReversalSchema)
@blp.response(201, WaitingReceiptSchema)
def create_reversal(body: Mapping[str, Any]) -> Response:
    """Ask for a send, a cash-in or a direct payment to be undone

    It waits until another operator approves; then both sides are told. Fee and commission are
    given back. Refused where the receiver no longer has the money.
    """
    parts, who, key = service(), caller().holder_id, idempotency_key()
    receiver_id = receiver_of(parts.engine, body["original"])
    if receiver_id is None:
        raise Refused(Code.NOT_FOUND)
    command = reverse.Command(who, key, body["original"], receiver_id, body["reason"])
    return receipt_answer(
        parts.poster.post(reverse.APPROVABLE.decide_ask, Ask(who, key, command, body["reason"]))
    )
