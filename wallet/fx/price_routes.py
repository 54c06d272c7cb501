"""Makers' prices: posted, replaced, withdrawn, read back; each maker has one for a pair."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import marshmallow as ma
from marshmallow import fields

from wallet.fx.makers import post_price, withdraw_price
from wallet.fx.own_prices import OwnPrice, Unused, own_price, own_prices
from wallet.fx.rates import RATE_PATTERN, parse_rate, rate_text
from wallet.web.auth import caller, requires
from wallet.web.routing import Routes
from wallet.web.schemas import AmountField, current_service

blp: Final = Routes("prices", "/v1/prices", "Market makers' two-way prices.")

_RATE: Final = {"type": "string", "pattern": RATE_PATTERN}
_PAIR: Final = [
    {
        "name": name,
        "in": "path",
        "schema": {"type": "string", "pattern": "^[A-Z]{3}$", "example": example},
    }
    for name, example in (("base", "USD"), ("quoted", "KES"))
]


class NewPriceSchema(ma.Schema):
    """`bid` is what you pay for one of the base currency, `ask` what you take; in the quoted."""

    bid = fields.Raw(required=True, metadata={**_RATE, "example": "128.50"})
    ask = fields.Raw(required=True, metadata={**_RATE, "example": "129.60"})
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


class RateField(fields.Field[Decimal]):
    """Shows a rate."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(dump_only=True, metadata=_RATE, **kwargs)

    def _serialize(self, value: Decimal | None, *_: object, **__: object) -> str | None:
        return None if value is None else rate_text(value)


class BandSchema(ma.Schema):
    """What bid and ask have to lie in, the ends included, and the rate that it lies around."""

    lowest = RateField()
    highest = RateField()
    reference = RateField(attribute="middle")
    as_of = fields.DateTime(attribute="reference.as_of")


class PriceSchema(ma.Schema):
    """A price of yours. A side that no quote uses now says why; null: it is in use."""

    base = fields.Str(attribute="price.base", metadata={"example": "USD"})
    quoted = fields.Str(attribute="price.quoted", metadata={"example": "KES"})
    bid = RateField(attribute="price.bid")
    ask = RateField(attribute="price.ask")
    size = AmountField()
    posted_at = fields.DateTime(attribute="price.posted_at")
    expires_at = fields.DateTime(attribute="price.expires_at")
    bid_unused = fields.Str(allow_none=True, metadata={"enum": [*map(str, Unused), None]})
    ask_unused = fields.Str(allow_none=True, metadata={"enum": [*map(str, Unused), None]})
    band = fields.Nested(
        BandSchema,
        allow_none=True,
        metadata={"description": "Null where the pair has no reference rate."},
    )


class PricesSchema(ma.Schema):
    """Your prices that have not expired, by pair."""

    items = fields.List(fields.Nested(PriceSchema))


@blp.get("")
@requires("maker")
@blp.response(200, PricesSchema)
def list_prices() -> Mapping[str, tuple[OwnPrice, ...]]:
    """See your prices, and whether each is in use

    The reference rate moves: a price that lay in its band when you posted it may have fallen out.
    """
    service = current_service()
    now = service.clock.now()
    return {"items": own_prices(service.engine, caller().holder_id, service.markets, now)}


@blp.put("/<base>-<quoted>", parameters=_PAIR)
@requires("maker")
@blp.arguments(NewPriceSchema)
@blp.response(200, PriceSchema)
def put_price(body: Mapping[str, Any], base: str, quoted: str) -> OwnPrice:
    """Post a price, in place of the one before

    Bid and ask have to lie in the band around the reference rate (`price_out_of_band` names its
    ends): outside it no quote would use them.
    """
    service = current_service()
    sides = (parse_rate(body["bid"], "bid"), parse_rate(body["ask"], "ask"))
    price = post_price(
        service.engine,
        caller().holder_id,
        (base, quoted),
        sides,
        body["size"],
        body["lifetime_s"],
        service.clock.now(),
        service.markets,
    )
    return own_price(service.engine, price, service.markets, price.posted_at)


@blp.delete("/<base>-<quoted>", parameters=_PAIR)
@requires("maker")
@blp.response(204)
def delete_price(base: str, quoted: str) -> None:
    """Withdraw a price; quotes already given keep theirs"""
    withdraw_price(current_service().engine, caller().holder_id, base, quoted)
