"""What merchants are charged: the operator sets it, version by version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
from marshmallow import fields, validate

from wallet.errors import Code, Refused
from wallet.merchants import set_pricing
from wallet.merchants.pricing_reading import PricingVersion, versions_of
from wallet.merchants.set_pricing import (
    LONGEST_AFTER_DELIVERY_S,
    MOST_BPS,
    MOST_DAYS,
    SHORTEST_AFTER_DELIVERY_S,
)
from wallet.money import Money
from wallet.web.acts import Act, ActRequest
from wallet.web.auth import requires
from wallet.web.receipts import ReceiptSchema
from wallet.web.routing import Routes
from wallet.web.schemas import AmountField, PartySchema, ReferenceField, current_service

blp: Final = Routes("pricings", "/v1/merchants", "What merchants are charged.")

_LEAST: Final = {"amount": "5.00", "currency": "KES"}
_MOST: Final = {"amount": "2000.00", "currency": "KES"}
_FEE: Final = {"amount": "1500.00", "currency": "KES"}


class PricingTermsSchema(ma.Schema):
    """What a merchant pays on what is released to them, in basis points and amounts."""

    commission_bps = fields.Int(
        required=True, strict=True, validate=validate.Range(0, MOST_BPS), metadata={"example": 150}
    )
    commission_min = AmountField(
        allow_none=True, metadata={"description": "Of one payment.", "example": _LEAST}
    )
    commission_max = AmountField(
        allow_none=True, metadata={"description": "Of one payment.", "example": _MOST}
    )
    reserve_bps = fields.Int(
        load_default=0,
        strict=True,
        validate=validate.Range(0, MOST_BPS),
        metadata={"example": 1000, "description": "Kept back of what is released."},
    )
    reserve_days = fields.Int(
        load_default=0, strict=True, validate=validate.Range(0, MOST_DAYS), metadata={"example": 30}
    )
    monthly_fee = AmountField(
        allow_none=True,
        metadata={"description": "While paid, it lowers the commission.", "example": _FEE},
    )
    commission_bps_paid = fields.Int(
        allow_none=True,
        strict=True,
        validate=validate.Range(0, MOST_BPS),
        metadata={"example": 90, "description": "While the monthly fee is paid."},
    )
    after_delivery_s = fields.Int(
        allow_none=True,
        strict=True,
        validate=validate.Range(SHORTEST_AFTER_DELIVERY_S, LONGEST_AFTER_DELIVERY_S),
        metadata={"example": 86400, "description": "What proof of delivery shortens a hold to."},
    )


class NewPricingSchema(PricingTermsSchema):
    """New terms, for payments from now on. All amounts are in `currency`."""

    currency = fields.Str(required=True, metadata={"example": "KES"})


class PricedMerchantSchema(PartySchema):
    """Whose terms these are."""

    reference = ReferenceField()


class PricingReceiptSchema(ReceiptSchema, PricingTermsSchema):
    """New terms, as they were set; `reference` names the version."""

    merchant = fields.Nested(PricedMerchantSchema)


class PricingSchema(PricingTermsSchema):
    """A version of a merchant's terms."""

    reference = ReferenceField()
    set_at = fields.DateTime()
    paid_until = fields.DateTime(
        allow_none=True, metadata={"description": "The monthly fee is paid until then."}
    )
    monthly_due_at = fields.DateTime(
        allow_none=True, metadata={"description": "When the monthly fee is charged next."}
    )


class PricingsSchema(ma.Schema):
    """All versions, newest first; the first is in force."""

    items = fields.List(fields.Nested(PricingSchema))


NEW_PRICING: Final = Act(
    body=NewPricingSchema,
    roles=("operator",),
    decide=set_pricing.decide,
    receipt=PricingReceiptSchema,
)


@blp.act("/<reference:holder_id>/pricings", NEW_PRICING)
def create_pricing(request: ActRequest) -> set_pricing.Command:
    """Set what a merchant pays from now on

    Payments that are held already keep the terms they were paid under.
    """
    body = request.body
    return set_pricing.Command(
        actor=request.actor,
        key=request.key,
        merchant_id=request.id,
        currency=body["currency"],
        commission_bps=body["commission_bps"],
        commission_min_minor=_minor(body, "commission_min") or 0,
        commission_max_minor=_minor(body, "commission_max"),
        reserve_bps=body["reserve_bps"],
        reserve_days=body["reserve_days"],
        monthly_fee_minor=_minor(body, "monthly_fee"),
        commission_bps_paid=body.get("commission_bps_paid"),
        after_delivery_s=body.get("after_delivery_s"),
    )


@blp.get("/<reference:holder_id>/pricings")
@requires("operator")
@blp.response(200, PricingsSchema)
def list_pricings(holder_id: int) -> Mapping[str, Any]:
    """See every version of a merchant's terms"""
    return {"items": [shown(terms) for terms in versions_of(current_service().engine, holder_id)]}


def shown(terms: PricingVersion) -> Mapping[str, Any]:
    """Return terms as the schema has them."""
    return {
        "reference": terms.pricing.id,
        **terms.pricing.json,
        "set_at": terms.set_at,
        "paid_until": terms.pricing.paid_until,
        "monthly_due_at": terms.monthly_due_at,
    }


def _minor(body: Mapping[str, Any], field: str) -> int | None:
    """Return an amount's minor units; all of a merchant's terms are in one currency."""
    amount: Money | None = body.get(field)
    if amount is None:
        return None
    if amount.currency != body["currency"]:
        raise Refused(Code.CURRENCY_NOT_SUPPORTED, field=field, one_of=[body["currency"]])
    return amount.minor
