"""Trade documents of a held payment: order, shipment, proof of delivery, and the customs export."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
from flask import Response
from marshmallow import fields, validate

from wallet.errors import Code, Refused
from wallet.escrow import trade
from wallet.escrow.looking import see_contract
from wallet.escrow.reading import ContractView
from wallet.escrow.trade_export import customs, filed_json, findings, recorded
from wallet.escrow.trade_files import trade_file_of
from wallet.escrow.trade_matching import Mismatch
from wallet.flows.trade import Deliver, FileOrder, Ship, decide_deliver, decide_order, decide_ship
from wallet.http import examples
from wallet.http.answers import receipt_answer
from wallet.http.auth import caller, idempotency_key, keyed, requires
from wallet.http.receipts import ReceiptSchema
from wallet.http.routing import Routes
from wallet.http.schemas import AmountField, PinField, ReferenceField, service

blp: Final = Routes("trade", "/v1/contracts", "Order, shipment and delivery beside the payment.")

_MOMENT: Final = {"example": "2026-01-05T08:30:00+00:00"}
_WRITTEN: Final = {"format": "date-time", **_MOMENT}
_SHA256: Final = {
    "pattern": "^[0-9a-f]{64}$",
    "example": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}


class OrderLineSchema(ma.Schema):
    """Goods of one kind; `amount` is the quantity times the unit amount."""

    description = fields.Str(required=True, metadata={"example": "Sisal basket, 30 cm"})
    quantity = fields.Int(required=True, strict=True, metadata={"example": 10})
    unit_amount = AmountField(
        required=True, metadata={"example": {"amount": "25.00", "currency": "KES"}}
    )
    amount = AmountField(required=True)
    origin = fields.Str(
        required=True, metadata={"example": "KE", "description": "Country of origin, ISO 3166-1."}
    )
    hs_code = fields.Str(
        allow_none=True,
        metadata={"example": "460219", "description": "Harmonized System: 6, 8 or 10 digits."},
    )


class OrderSchema(ma.Schema):
    """What was ordered; `total` is the sum of the lines."""

    lines = fields.List(
        fields.Nested(OrderLineSchema),
        required=True,
        validate=validate.Length(1, trade.MOST_LINES),
    )
    total = AmountField(required=True)


class NewOrderSchema(OrderSchema):
    """Files the order, or its next version."""

    pin = PinField(required=True)


class ShippedLineSchema(ma.Schema):
    """Of a line of the order, counted from 1: how much was sent."""

    line = fields.Int(required=True, strict=True, metadata={"example": 1})
    quantity = fields.Int(strict=True, allow_none=True, metadata={"example": 10})
    weight_g = fields.Int(strict=True, allow_none=True, metadata={"example": 4500})


class ShipmentSchema(ma.Schema):
    """What was sent. Without lines, all that was ordered."""

    carrier = fields.Str(required=True, metadata={"example": "G4S Courier"})
    tracking_number = fields.Str(required=True, metadata={"example": "RR123456789KE"})
    shipped_at = fields.AwareDateTime(format="iso", required=True, metadata=_MOMENT)
    lines = fields.List(
        fields.Nested(ShippedLineSchema), validate=validate.Length(max=trade.MOST_LINES)
    )
    weight_g = fields.Int(
        strict=True,
        allow_none=True,
        metadata={"example": 5000, "description": "Of all of it, with its packing."},
    )


class NewShipmentSchema(ShipmentSchema):
    """Files the shipment, or its next version."""

    pin = PinField(required=True, metadata={"example": examples.MERCHANT_PIN})


class DeliveryProofSchema(ma.Schema):
    """A document that proves the delivery; it stays where it is, here is how to know it again."""

    reference = fields.Str(required=True, metadata={"example": "POD-2026-00017.pdf"})
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


@blp.post("/<reference:contract_id>/orders")
@requires("consumer")
@keyed
@blp.arguments(NewOrderSchema)
@blp.response(201, OrderReceiptSchema)
def create_order(body: Mapping[str, Any], contract_id: int) -> Response:
    """File what was ordered, as payer or payee

    Who filed it may file it again until it is shipped; every version is kept, the last one counts.
    """
    lines = tuple(trade.OrderLine(**{"hs_code": None, **line}) for line in body["lines"])
    order = trade.Order(lines, body["total"])
    command = FileOrder(caller().holder_id, idempotency_key(), body["pin"], contract_id, order)
    return receipt_answer(service().poster.post(decide_order, command))


@blp.post("/<reference:contract_id>/shipments")
@requires("consumer")
@keyed
@blp.arguments(NewShipmentSchema)
@blp.response(201, ShipmentReceiptSchema)
def create_shipment(body: Mapping[str, Any], contract_id: int) -> Response:
    """File what was sent, as payee

    It may be filed again until it is delivered. The payer is texted carrier and number.
    """
    shipment = trade.Shipment(
        body["carrier"],
        body["tracking_number"],
        body["shipped_at"],
        tuple(trade.ShippedLine(**line) for line in body.get("lines", ())),
        body.get("weight_g"),
    )
    command = Ship(caller().holder_id, idempotency_key(), body["pin"], contract_id, shipment)
    return receipt_answer(service().poster.post(decide_ship, command))


@blp.post("/<reference:contract_id>/deliveries")
@requires("consumer")
@keyed
@blp.arguments(NewDeliverySchema)
@blp.response(201, DeliveryReceiptSchema)
def create_delivery(body: Mapping[str, Any], contract_id: int) -> Response:
    """File the proof of delivery, as payee

    Where the merchant's terms name a period after delivery, the deadline comes down to that long
    from now, if that is sooner; the payer is texted until when they may dispute.
    """
    proof = body.get("proof") or {"reference": None, "sha256": None}
    delivery = trade.Delivery(
        body["delivered_at"], body.get("signed_by"), proof["reference"], proof["sha256"]
    )
    command = Deliver(caller().holder_id, idempotency_key(), body["pin"], contract_id, delivery)
    return receipt_answer(service().poster.post(decide_deliver, command))


@blp.get("/<reference:contract_id>/trade")
@requires("consumer")
@blp.response(200, TradeSchema)
def get_trade(contract_id: int) -> Mapping[str, Any]:
    """See the trade documents of a payment of mine, and where they differ"""
    contract = _seen(contract_id).contract
    file = trade_file_of(service().engine, contract_id)
    found = findings(contract, file)
    return {
        "contract": contract_id,
        "order": filed_json(file.order, contract),
        "shipment": filed_json(file.shipment, contract),
        "delivery": filed_json(file.delivery, contract),
        "mismatches": [each.json for each in found],
        "matched": file.order is not None and file.shipment is not None and not found,
    }


@blp.get("/<reference:contract_id>/customs")
@requires("consumer")
@blp.response(200, CustomsSchema)
def get_customs(contract_id: int) -> Mapping[str, Any]:
    """Have order, payment and logistics as one document for a customs declaration"""
    view = _seen(contract_id)
    engine = service().engine
    return customs(recorded(engine, view, trade_file_of(engine, contract_id)))


def _seen(contract_id: int) -> ContractView:
    parts = service()
    found = see_contract(
        parts.engine, parts.poster, parts.clock.now(), caller().holder_id, contract_id
    )
    if found is None:
        raise Refused(Code.CONTRACT_UNKNOWN)
    return found
