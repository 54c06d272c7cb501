"""Merchants: the operator makes a registered person one, with tills, terms and a bank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import marshmallow as ma
from marshmallow import fields, validate

from wallet.destinations.records import Destination, check_bank
from wallet.destinations.schemas import BankSchema
from wallet.errors import Code, Refused
from wallet.merchants.records import check_category, check_period, check_till
from wallet.onboarding import merchant
from wallet.onboarding.records import holder_id_of
from wallet.service import Service
from wallet.web import examples
from wallet.web.acts import Act, ActRequest
from wallet.web.receipts import ReceiptSchema
from wallet.web.routing import Routes
from wallet.web.schemas import NameField, PhoneField, ReferenceField

blp: Final = Routes("merchants", "/v1/merchants", "Merchants, their tills and terms.")

MOST_TILLS: Final = 20


class TillSchema(ma.Schema):
    """A point of sale. Without a number, a free one of six digits is given."""

    label = NameField(required=True, metadata={"example": "Front counter"})
    number = fields.Str(metadata={"pattern": "^[1-9][0-9]{4,6}$", "example": examples.NEW_TILL})


class NewMerchantSchema(ma.Schema):
    """A shop. Payments to it are held for the period; 0 pays it at once."""

    msisdn = PhoneField(required=True)
    name = NameField(required=True, metadata={"example": "Duka la Juma"})
    city = NameField(required=True, metadata={"example": "Nairobi"})
    category = fields.Str(
        required=True, metadata={"example": "5411", "description": "ISO 18245 merchant category."}
    )
    escrow_period_s = fields.Int(
        required=True, strict=True, metadata={"minimum": 0, "maximum": 7776000, "example": 86400}
    )
    currencies = fields.List(
        fields.Str(metadata={"example": "KES"}),
        load_default=list,
        metadata={"description": "What it is paid in; without any, the currency of its market."},
    )
    tills = fields.List(
        fields.Nested(TillSchema), required=True, validate=validate.Length(1, MOST_TILLS)
    )
    bank = fields.Nested(BankSchema)


class NewMerchantReceiptSchema(ReceiptSchema):
    """A merchant, with the numbers of its tills."""

    holder_id = ReferenceField()
    name = fields.Str()
    escrow_period_s = fields.Int()
    currencies = fields.List(fields.Str(metadata={"example": "KES"}))
    tills = fields.List(fields.Nested(TillSchema))


NEW_MERCHANT: Final = Act(
    body=NewMerchantSchema,
    roles=("operator",),
    decide=merchant.decide,
    receipt=NewMerchantReceiptSchema,
)


@blp.prepared_act("", NEW_MERCHANT)
def create_merchant(request: ActRequest, service: Service) -> merchant.Command:
    """Make a registered person a merchant"""
    body = request.body
    return merchant.Command(
        actor=request.actor,
        key=request.key,
        holder_id=registered(service, body["msisdn"]),
        name=body["name"],
        city=body["city"],
        category=check_category(body["category"]),
        escrow_period_s=check_period(body["escrow_period_s"]),
        currencies=tuple(body["currencies"]),
        tills=tuple((till["label"], _number(till)) for till in body["tills"]),
        bank=_bank(body.get("bank")),
    )


def registered(service: Service, msisdn: str) -> int:
    """Return whose number this is. Raises `Refused` where nobody has registered it."""
    holder_id = holder_id_of(service.engine, msisdn)
    if holder_id is None:
        raise Refused(Code.RECEIVER_UNKNOWN)
    return holder_id


def _number(till: Mapping[str, str]) -> str | None:
    number = till.get("number")
    return None if number is None else check_till(number)


def _bank(given: Mapping[str, str] | None) -> Destination | None:
    if given is None:
        return None
    return check_bank(Destination(given["code"], given["account"], given["name"]))
