"""Makers' prices: posted, replaced, withdrawn; each maker has one for a pair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
from marshmallow import fields

from wallet.fx.makers import Price, post_price, withdraw_price
from wallet.fx.rates import parse_rate, rate_text
from wallet.money import Money
from wallet.web.auth import caller, requires
from wallet.web.routing import Routes
from wallet.web.schemas import AmountField, current_service

blp: Final = Routes("prices", "/v1/prices", "Market makers' two-way prices.")


class NewPriceSchema(ma.Schema):
    """`bid` is what you pay for one of the base currency, `ask` what you take; in the quoted."""

    bid = fields.Raw(required=True, metadata={"type": "string", "example": "128.50"})
    ask = fields.Raw(required=True, metadata={"type": "string", "example": "129.60"})
    size = AmountField(
        required=True,
        metadata={
            "description": "Of the base currency, at most in one quote.",
            "example": {"amount": "5000.00", "currency": "USD"},
        },
    )
    lifetime_s = fields.Int(
        required=True, strict=True, metadata={"minimum": 1, "maximum": 86400, "example": 300}
    )


class PriceSchema(ma.Schema):
    """A price as it stands."""

    base = fields.Str(metadata={"example": "USD"})
    quoted = fields.Str(metadata={"example": "KES"})
    bid = fields.Function(lambda price: rate_text(price.bid), metadata={"type": "string"})
    ask = fields.Function(lambda price: rate_text(price.ask), metadata={"type": "string"})
    size = fields.Function(
        lambda price: Money(price.base, price.size_minor).json, metadata={"type": "object"}
    )
    posted_at = fields.DateTime()
    expires_at = fields.DateTime()


@blp.put("/<base>-<quoted>")
@requires("maker")
@blp.arguments(NewPriceSchema)
@blp.response(200, PriceSchema)
def put_price(body: Mapping[str, Any], base: str, quoted: str) -> Price:
    """Post a price, in place of the one before"""
    service = current_service()
    prices = (parse_rate(body["bid"], "bid"), parse_rate(body["ask"], "ask"))
    return post_price(
        service.engine,
        caller().holder_id,
        (base, quoted),
        prices,
        body["size"],
        body["lifetime_s"],
        service.clock.now(),
    )


@blp.delete("/<base>-<quoted>")
@requires("maker")
@blp.response(204)
def delete_price(base: str, quoted: str) -> None:
    """Withdraw a price; quotes already given keep theirs"""
    withdraw_price(current_service().engine, caller().holder_id, base, quoted)
