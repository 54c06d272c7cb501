"""Trade documents as they are sent, shown and exported."""

from __future__ import annotations

from typing import Final

import marshmallow as ma
from marshmallow import fields, validate

from wallet.trade import documents
from wallet.trade.matching import Mismatch
from wallet.web import examples
from wallet.web.receipts import ReceiptSchema
from wallet.web.schemas import AmountField, PinField, ReferenceField

_MOMENT: Final = {"example": "2026-01-05T08:30:00+00:00"}
_WRITTEN: Final = {"format": "date-time", **_MOMENT}
_PIECES: Final = {"minimum": 1, "maximum": documents.MOST_PIECES}
_GRAMS: Final = {"minimum": 1, "maximum": documents.HEAVIEST_G}
_SHA256: Final = {
    "pattern": "^[0-9a-f]{64}$",
    "example": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}


class OrderLineSchema(ma.Schema):
    """Goods of one kind; `amount` is the quantity times the unit amount."""

    description = fields.Str(required=True, metadata={"example": "Sisal basket, 30 cm"})
    quantity = fields.Int(required=True, strict=True, metadata={**_PIECES, "example": 10})
    unit_amount = AmountField(
        required=True, metadata={"example": {"amount": "25.00", "currency": "KES"}}
    )
    amount = AmountField(required=True)
    origin = fields.Str(
        required=True,
        metadata={
            "pattern": "^[A-Z]{2}$",
            "example": "KE",
            "description": "Country of origin, ISO 3166-1.",
        },
    )
    hs_code = fields.Str(
        allow_none=True,
        metadata={
            "pattern": "^[0-9]{6}([0-9]{2}){0,2}$",
            "example": "460219",
            "description": "Harmonized System: 6, 8 or 10 digits.",
        },
    )


class OrderSchema(ma.Schema):
    """What was ordered; `total` is the sum of the lines."""

    lines = fields.List(
        fields.Nested(OrderLineSchema),
        required=True,
        validate=validate.Length(1, documents.MOST_LINES),
    )
    total = AmountField(required=True)


class NewOrderSchema(OrderSchema):
    """Files the order, or its next version."""

    pin = PinField(required=True)


class ShippedLineSchema(ma.Schema):
    """Of a line of the order, counted from 1: how much was sent."""

    line = fields.Int(
        required=True,
        strict=True,
        metadata={"minimum": 1, "maximum": documents.MOST_LINES, "example": 1},
    )
    quantity = fields.Int(strict=True, allow_none=True, metadata={**_PIECES, "example": 10})
    weight_g = fields.Int(strict=True, allow_none=True, metadata={**_GRAMS, "example": 4500})


class ShipmentSchema(ma.Schema):
    """What was sent. Without lines, all that was ordered."""

    carrier = fields.Str(required=True, metadata={"minLength": 1, "example": "G4S Courier"})
    tracking_number = fields.Str(
        required=True,
        metadata={
            "pattern": "^[0-9A-Za-z][0-9A-Za-z ./-]{1,38}[0-9A-Za-z]$",
            "example": "RR123456789KE",
        },
    )
    shipped_at = fields.AwareDateTime(format="iso", required=True, metadata=_MOMENT)
    lines = fields.List(
        fields.Nested(ShippedLineSchema), validate=validate.Length(max=documents.MOST_LINES)
    )
    weight_g = fields.Int(
        strict=True,
        allow_none=True,
        metadata={**_GRAMS, "example": 5000, "description": "Of all of it, with its packing."},
    )


class NewShipmentSchema(ShipmentSchema):
    """Files the shipment, or its next version."""

    pin = PinField(required=True, metadata={"example": examples.MERCHANT_PIN})


class DeliveryProofSchema(ma.Schema):
    """A document that proves the delivery; it stays where it is, here is how to know it again."""

    reference = fields.Str(
        required=True, metadata={"minLength": 1, "example": "POD-2026-00017.pdf"}
    )
    sha256 = fields.Str(required=True, metadata=_SHA256)


class DeliverySchema(ma.Schema):
    """Proof that it arrived: who signed, or a document, or both."""

    delivered_at = fields.AwareDateTime(format="iso", required=True, metadata=_MOMENT)
    signed_by = fields.Str(allow_none=True, metadata={"example": "Amina Odhiambo"})
    proof = fields.Nested(
        DeliveryProofSchema,
        allow_none=True,
        metadata={"example": {"reference": "POD-2026-00017.pdf", "sha256": _SHA256["example"]}},
    )


class NewDeliverySchema(DeliverySchema):
    """Files the proof of delivery, once."""

    TOGETHER: Final = (
        {"required": ["signed_by"], "properties": {"signed_by": {"type": "string"}}},
        {"required": ["proof"], "properties": {"proof": {"type": "object"}}},
    )

    pin = PinField(required=True, metadata={"example": examples.MERCHANT_PIN})


class DocumentReceiptSchema(ReceiptSchema):
    """A document that was filed, and which version it is."""

    contract = ReferenceField()
    version = fields.Int(metadata={"example": 1})


class OrderReceiptSchema(DocumentReceiptSchema):
    """An order that was filed."""

    total = AmountField()
    lines = fields.Int(metadata={"example": 1})


class ShipmentReceiptSchema(DocumentReceiptSchema):
    """A shipment that was filed."""

    carrier = fields.Str(metadata={"example": "G4S Courier"})
    tracking_number = fields.Str(metadata={"example": "RR123456789KE"})


class DeliveryReceiptSchema(DocumentReceiptSchema):
    """A proof that was filed, and until when the payer may dispute now."""

    delivered_at = fields.DateTime(metadata=_MOMENT)
    deadline_before = fields.DateTime(metadata={"example": "2026-01-12T09:00:00+00:00"})
    deadline_at = fields.DateTime(metadata={"example": "2026-01-08T09:00:00+00:00"})


class _FiledSchema(ma.Schema):
    version = fields.Int(metadata={"example": 1})
    filed_by = fields.Str(metadata={"enum": ["payer", "payee"]})
    filed_at = fields.Str(metadata=_WRITTEN)


class FiledOrderSchema(OrderSchema, _FiledSchema):
    """The latest version of the order."""


class FiledShipmentSchema(_FiledSchema):
    """The latest version of the shipment."""

    carrier = fields.Str(metadata={"example": "G4S Courier"})
    tracking_number = fields.Str(metadata={"example": "RR123456789KE"})
    shipped_at = fields.Str(metadata=_WRITTEN)
    lines = fields.List(fields.Nested(ShippedLineSchema))
    weight_g = fields.Int(allow_none=True, metadata={"example": 5000})


class FiledDeliverySchema(_FiledSchema):
    """The proof of delivery."""

    delivered_at = fields.Str(metadata=_WRITTEN)
    signed_by = fields.Str(allow_none=True, metadata={"example": "Amina Odhiambo"})
    proof = fields.Nested(DeliveryProofSchema, allow_none=True)


class MismatchSchema(ma.Schema):
    """Something in which order, payment and shipment differ."""

    code = fields.Str(metadata={"enum": [each.value for each in Mismatch]})
    line = fields.Int(
        allow_none=True, metadata={"example": 1, "description": "Of the order, counted from 1."}
    )
    expected = fields.Str(allow_none=True, metadata={"example": "10"})
    found = fields.Str(allow_none=True, metadata={"example": "8"})


class TradeSchema(ma.Schema):
    """The documents of a contract as they stand, and whether they tell the same."""

    contract = ReferenceField()
    order = fields.Nested(FiledOrderSchema, allow_none=True)
    shipment = fields.Nested(FiledShipmentSchema, allow_none=True)
    delivery = fields.Nested(FiledDeliverySchema, allow_none=True)
    mismatches = fields.List(fields.Nested(MismatchSchema))
    matched = fields.Bool(
        metadata={"description": "There are an order and a shipment, and nothing differs."}
    )


class CustomsPartySchema(ma.Schema):
    """One of the two who trade."""

    name = fields.Str(allow_none=True, metadata={"example": "Duka la Juma"})
    country = fields.Str(allow_none=True, metadata={"example": "KE"})


class CustomsPostingSchema(ma.Schema):
    """Something done with the payment, and what moved by it."""

    reference = ReferenceField()
    kind = fields.Str(metadata={"example": "release"})
    posted_at = fields.Str(metadata=_WRITTEN)
    by = fields.Str(metadata={"enum": ["payer", "payee", "operator", "nobody"]})
    paid = AmountField()
    released = AmountField()
    returned = AmountField()


class CustomsPaymentSchema(ma.Schema):
    """The payment record: released + returned + held is the amount."""

    description = fields.Str(allow_none=True, metadata={"example": "Baskets for the shop"})
    amount = AmountField()
    released = AmountField()
    returned = AmountField()
    held = AmountField()
    disputed = AmountField()
    state = fields.Str(metadata={"enum": ["open", "closed"]})
    paid_at = fields.Str(metadata=_WRITTEN)
    deadline_at = fields.Str(metadata=_WRITTEN)
    closed_at = fields.Str(allow_none=True, metadata=_WRITTEN)
    postings = fields.List(fields.Nested(CustomsPostingSchema))


class LogisticsSchema(ma.Schema):
    """How the goods went."""

    shipment = fields.Nested(FiledShipmentSchema)
    delivery = fields.Nested(FiledDeliverySchema, allow_none=True)


class CustomsSchema(ma.Schema):
    """Order, payment and logistics together, for a customs declaration.

    The same facts give the same document. `sha256` is that of the document without it, in the
    canonical form of RFC 8785.
    """

    format = fields.Str(metadata={"example": "kibubu.customs"})
    version = fields.Int(metadata={"example": 1})
    reference = ReferenceField()
    payer = fields.Nested(CustomsPartySchema)
    payee = fields.Nested(CustomsPartySchema)
    order = fields.Nested(FiledOrderSchema)
    payment = fields.Nested(CustomsPaymentSchema)
    logistics = fields.Nested(LogisticsSchema)
    mismatches = fields.List(fields.Nested(MismatchSchema))
    sha256 = fields.Str(metadata=_SHA256)
