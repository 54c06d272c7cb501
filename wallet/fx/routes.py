"""Quotes: what a top-up from abroad costs and delivers, fixed for a while, and its acceptance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
from marshmallow import fields

from wallet.errors import Code, Refused
from wallet.fx import price_routes, rate_routes, top_up
from wallet.fx.open_quotes import cancel_quote
from wallet.fx.pricing import Request, make_quote
from wallet.fx.rates import rate_text
from wallet.fx.reading import QuoteView, quote_of
from wallet.money import Money, parse_amount
from wallet.people.names import shown_name
from wallet.web import examples
from wallet.web.acts import Act, ActRequest
from wallet.web.auth import caller, requires
from wallet.web.receipts import ReceiptSchema
from wallet.web.routing import Routes
from wallet.web.schemas import (
    AmountField,
    NameField,
    PartySchema,
    PhoneField,
    ReferenceField,
    current_service,
)
from wallet.web.together import shape

blp: Final = Routes("quotes", "/v1/quotes", "Firm prices for top-ups from abroad.")


EXAMPLE: Final = {
    "receiver": examples.RECEIVER,
    "source": {"currency": "USD", "amount": "100.00"},
    "target": {"currency": "KES"},
}


class SideSchema(ma.Schema):
    """One side of a quote; of the two sides, one has its amount fixed."""

    currency = fields.Raw(
        required=True, metadata={"type": "string", "pattern": "^[A-Z]{3}$", "example": "KES"}
    )
    amount = fields.Raw(metadata={"type": "string", "example": "250.00"})


class QuoteRequestSchema(ma.Schema):
    """Whom to top up, in what, and the amount of one side; the other follows."""

    receiver = PhoneField(required=True)
    source = fields.Nested(SideSchema, required=True)
    target = fields.Nested(SideSchema, required=True)

    TOGETHER: Final = (
        {"properties": {"source": shape("amount"), "target": shape(without=("amount",))}},
        {"properties": {"target": shape("amount"), "source": shape(without=("amount",))}},
    )


class QuoteSchema(ma.Schema):
    """A firm price. The partner pays source and fee; the receiver gets exactly the target."""

    reference = ReferenceField()
    state = fields.Str(metadata={"enum": ["open", "accepted", "expired"]})
    receiver = fields.Nested(PartySchema)
    source = AmountField()
    fee = AmountField(metadata={"description": "On top of the source amount."})
    margin = AmountField(metadata={"description": "Part of the source amount."})
    target = AmountField()
    rate = fields.Str(
        metadata={"example": "127.36", "description": "Target for one of source, margin included."}
    )
    quoted_at = fields.DateTime()
    expires_at = fields.DateTime()
    accepted_at = fields.DateTime(allow_none=True)


class AcceptanceSchema(ma.Schema):
    """The quote's amounts again, so that nobody accepts what they did not see."""

    source = AmountField(required=True)
    target = AmountField(required=True)
    sender_name = NameField(required=True, metadata={"example": "Joy Odhiambo"})


class TopUpReceiptSchema(ReceiptSchema):
    """A quote that was accepted, and what arrived."""

    quote = ReferenceField()
    source = AmountField()
    fee = AmountField()
    target = AmountField()
    receiver = fields.Nested(PartySchema)


ACCEPTANCE: Final = Act(
    body=AcceptanceSchema, roles=("partner",), decide=top_up.decide, receipt=TopUpReceiptSchema
)


@blp.post("")
@requires("partner")
@blp.arguments(QuoteRequestSchema, example=EXAMPLE)
@blp.response(201, QuoteSchema)
def create_quote(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Ask for a price

    Fix the source amount or the target amount, not both; the other follows. What arrives is rounded
    down; what you pay, and the margin in it, up to the next minor unit. The price is firm: what
    arrives is kept for you until the quote expires. Your open quotes with their fees cost together
    at most what your prefund holds; cancel those that you will not accept.
    """
    service, partner_id = current_service(), caller().holder_id
    source, target = body["source"]["currency"], body["target"]["currency"]
    request = Request(partner_id, body["receiver"], source, target, _fixed(body))
    quote = make_quote(service.engine, service.markets, service.ids, service.clock.now(), request)
    return _shown(_own(quote.id))


@blp.get("/<reference:quote_id>")
@requires("partner")
@blp.response(200, QuoteSchema)
def get_quote(quote_id: int) -> Mapping[str, Any]:
    """See one of your quotes"""
    return _shown(_own(quote_id))


@blp.delete("/<reference:quote_id>")
@requires("partner")
@blp.response(204)
def delete_quote(quote_id: int) -> None:
    """Cancel a quote that you will not accept: it expires now

    One that has expired already stays as it is; one that was accepted cannot be cancelled.
    """
    service = current_service()
    cancel_quote(service.engine, caller().holder_id, quote_id, service.clock.now())


@blp.act("/<reference:quote_id>/acceptances", ACCEPTANCE)
def create_acceptance(request: ActRequest) -> top_up.Command:
    """Accept a quote: the receiver's wallet is credited at once

    Once, before it expires, from your prefund.
    """
    body = request.body
    return top_up.Command(
        request.actor, request.key, request.id, body["source"], body["target"], body["sender_name"]
    )


def _fixed(body: Mapping[str, Any]) -> Money:
    """Return the one amount that is given, once both currencies are known to be two."""
    given = [name for name in ("source", "target") if "amount" in body[name]]
    if len(given) != 1:
        expected = "an amount on exactly one side"
        raise Refused(Code.FORMAT_ERROR, field="source", expected=expected)
    for name in ("source", "target"):
        parse_amount("1", body[name]["currency"])  # refuses what is no currency
    fixed = body[given[0]]
    return parse_amount(fixed["amount"], fixed["currency"])


def _own(quote_id: int) -> QuoteView:
    found = quote_of(current_service().engine, caller().holder_id, quote_id)
    if found is None:
        raise Refused(Code.QUOTE_UNKNOWN)
    return found


def _shown(view: QuoteView) -> Mapping[str, Any]:
    quote = view.quote
    return {
        "reference": quote.id,
        "state": view.state(current_service().clock.now()),
        "receiver": {"name": shown_name(view.receiver_name), "msisdn": view.receiver_msisdn},
        "source": quote.source,
        "fee": quote.fee,
        "margin": quote.margin,
        "target": quote.target,
        "rate": rate_text(quote.rate),
        "quoted_at": quote.quoted_at,
        "expires_at": quote.expires_at,
        "accepted_at": quote.accepted_at,
    }


ROUTES: Final = (blp, price_routes.blp, rate_routes.blp)
