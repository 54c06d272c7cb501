"""Trade documents of a held payment: order, shipment, proof of delivery, and the customs export."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Response

from wallet.contracts.reading import ContractView
from wallet.errors import Code, Refused
from wallet.escrow.looking import see_contract
from wallet.trade import documents as trade
from wallet.trade.export import customs, filed_json, findings, recorded
from wallet.trade.filing import Deliver, FileOrder, Ship, decide_deliver, decide_order, decide_ship
from wallet.trade.records import trade_file_of
from wallet.trade.schemas import (
    CustomsSchema,
    DeliveryReceiptSchema,
    NewDeliverySchema,
    NewOrderSchema,
    NewShipmentSchema,
    OrderReceiptSchema,
    ShipmentReceiptSchema,
    TradeSchema,
)
from wallet.web.answers import receipt_answer
from wallet.web.auth import caller, idempotency_key, keyed, requires
from wallet.web.routing import Routes
from wallet.web.schemas import service

blp: Final = Routes("trade", "/v1/contracts", "Order, shipment and delivery beside the payment.")


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
