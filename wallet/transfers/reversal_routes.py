"""Reversals: an operator asks for a transaction to be undone; another has to approve."""

from __future__ import annotations

from typing import Final

import marshmallow as ma
from marshmallow import fields, validate

from wallet.approvals.approve import Ask
from wallet.approvals.routes import WaitingReceiptSchema
from wallet.errors import Code, Refused
from wallet.service import Service
from wallet.transfers import reverse
from wallet.transfers.reversal_records import receiver_of
from wallet.web.acts import Act, Asked
from wallet.web.routing import Routes
from wallet.web.schemas import ReferenceField

blp: Final = Routes("reversals", "/v1/reversals", "A transaction undone, once, by two people.")


class ReversalSchema(ma.Schema):
    """Which transaction shall be undone, and why."""

    original = ReferenceField(required=True)
    reason = fields.Str(
        required=True,
        validate=validate.Length(1, 140),
        metadata={"example": "Sent to a wrong number"},
    )


REVERSAL: Final = Act(
    body=ReversalSchema,
    roles=("operator",),
    decide=reverse.APPROVABLE.decide_ask,
    receipt=WaitingReceiptSchema,
)


@blp.prepared_act("", REVERSAL)
def create_reversal(asked: Asked, parts: Service) -> Ask:
    """Ask for a send, a cash-in or a direct payment to be undone

    It waits until another operator approves; then both sides are told. Fee and commission are
    given back. Refused where the receiver no longer has the money.
    """
    original_id, reason = asked.body["original"], asked.body["reason"]
    receiver_id = receiver_of(parts.engine, original_id)
    if receiver_id is None:
        raise Refused(Code.NOT_FOUND)
    command = reverse.Command(asked.actor, asked.key, original_id, receiver_id, reason)
    return Ask(asked.actor, asked.key, command, reason)
