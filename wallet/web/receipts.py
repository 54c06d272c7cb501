"""What a command is answered with, as documented; the ledger's own words, sent as they are."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields

from wallet.web.schemas import AmountField, PartySchema, ReferenceField

_POSTED = "2026-01-05T09:00:00+00:00"


class ReceiptSchema(ma.Schema):
    """A command that was done; `reference` finds it again."""

    reference = ReferenceField()
    kind = fields.Str()
    posted_at = fields.DateTime(metadata={"example": _POSTED})


class TransferReceiptSchema(ReceiptSchema):
    """Money that went to somebody. `balance` is what the one who gave the command has left."""

    amount = AmountField()
    fee = AmountField()
    balance = AmountField()
    receiver = fields.Nested(PartySchema)


class HeldReceiptSchema(ReceiptSchema):
    """Held money that was released or returned; `held` is what stays.

    Where a dispute was named, `disputed` is what of it is still open.
    """

    amount = AmountField()
    held = AmountField()
    contract = ReferenceField()
    dispute = ReferenceField()
    disputed = AmountField()


class TopUpReceiptSchema(ReceiptSchema):
    """A quote that was accepted, and what arrived."""

    quote = ReferenceField()
    source = AmountField()
    fee = AmountField()
    target = AmountField()
    receiver = fields.Nested(PartySchema)


class PayoutReceiptSchema(ReceiptSchema):
    """A payout that is on its way, or at the own wallet already."""

    amount = AmountField()
    fee = AmountField()
    balance = AmountField()
    destination = fields.Str(metadata={"example": "bank 01 4567"})
    state = fields.Str(metadata={"enum": ["requested", "collectible", "paid"]})
    expires_at = fields.DateTime(allow_none=True, metadata={"example": None})
