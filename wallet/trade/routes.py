"""Trade documents of a held payment: order, shipment, proof of delivery, and the customs export."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wallet.contracts.reading import ContractView
from wallet.errors import Code, Refused
from wallet.escrow.reading import see_contract
from wallet.trade import documents
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
from wallet.web.acts import Act, ActRequest
from wallet.web.auth import caller, requires
from wallet.web.routing import Routes
from wallet.web.schemas import current_service

blp: Final = Routes("trade", "/v1/contracts", "Order, shipment and delivery beside the payment.")


ORDER: Final = Act(
    body=NewOrderSchema, roles=("consumer",), decide=decide_order, receipt=OrderReceiptSchema
)
SHIPMENT: Final = Act(
    body=NewShipmentSchema, roles=("consumer",), decide=decide_ship, receipt=ShipmentReceiptSchema
)
DELIVERY: Final = Act(
    body=NewDeliverySchema,
    roles=("consumer",),
    decide=decide_deliver,
    receipt=DeliveryReceiptSchema,
)


@blp.act("/<reference:contract_id>/orders", ORDER)
def create_order(request: ActRequest) -> FileOrder:
    """File what was ordered, as payer or payee

    Who filed it may file it again until it is shipped; every version is kept, the last one counts.
    """
    body = request.body
    lines = tuple(documents.OrderLine(**{"hs_code": None, **line}) for line in body["lines"])
    order = documents.Order(lines, body["total"])
    return FileOrder(request.actor, request.key, body["pin"], request.id, order)


@blp.act("/<reference:contract_id>/shipments", SHIPMENT)
def create_shipment(request: ActRequest) -> Ship:
    """File what was sent, as payee

    It may be filed again until it is delivered. The payer is texted carrier and number.
    """
    body = request.body
    shipment = documents.Shipment(
        body["carrier"],
        body["tracking_number"],
        body["shipped_at"],
        tuple(documents.ShippedLine(**line) for line in body.get("lines", ())),
        body.get("weight_g"),
    )
    return Ship(request.actor, request.key, body["pin"], request.id, shipment)


@blp.act("/<reference:contract_id>/deliveries", DELIVERY)
def create_delivery(request: ActRequest) -> Deliver:
    """File the proof of delivery, as payee

    Where the merchant's terms name a period after delivery, the deadline comes down to that long
    from now, if that is sooner; the payer is texted until when they may dispute.
    """
    body = request.body
    proof = body.get("proof") or {"reference": None, "sha256": None}
    delivery = documents.Delivery(
        body["delivered_at"], body.get("signed_by"), proof["reference"], proof["sha256"]
    )
    return Deliver(request.actor, request.key, body["pin"], request.id, delivery)


@blp.get("/<reference:contract_id>/trade")
@requires("consumer")
@blp.response(200, TradeSchema)
def get_trade(contract_id: int) -> Mapping[str, Any]:
    """See the trade documents of a payment of mine, and where they differ"""
    contract = _seen(contract_id).contract
    file = trade_file_of(current_service().engine, contract_id)
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
    engine = current_service().engine
    return customs(recorded(engine, view, trade_file_of(engine, contract_id)))


def _seen(contract_id: int) -> ContractView:
    service = current_service()
    found = see_contract(
        service.engine, service.poster, service.clock.now(), caller().holder_id, contract_id
    )
    if found is None:
        raise Refused(Code.CONTRACT_UNKNOWN)
    return found


ROUTES: Final = (blp,)
