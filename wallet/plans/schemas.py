"""Plans, visits and their codes as they are sent and shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
from marshmallow import fields, validate

from wallet.contracts.periods import LONGEST_DAYS
from wallet.contracts.schemas import HeldReceiptSchema
from wallet.plans.records import FEWEST_STEPS, LONGEST_NAME, MOST_STEPS
from wallet.web import examples
from wallet.web.receipts import ReceiptSchema
from wallet.web.schemas import AmountField, PhoneField, PinField, ReferenceField, TillField

PICTURES: Final = ("png", "svg")
_CODE: Final = {"type": "string", "pattern": "^[0-9]{6}$", "example": "482913"}
_QR: Final = {"type": "string", "example": "KIBUBU-VISIT:1QGDF9BM0K7J:482913"}


class TermsSchema(ma.Schema):
    """What is sold: so many visits for one price, to be used within the period."""

    name = fields.Str(
        required=True,
        metadata={"minLength": 1, "maxLength": LONGEST_NAME, "example": "10 washes"},
    )
    steps = fields.Int(
        required=True,
        strict=True,
        validate=validate.Range(FEWEST_STEPS, MOST_STEPS),
        metadata={"example": 10},
    )
    price = AmountField(required=True)
    period_days = fields.Int(
        required=True,
        strict=True,
        metadata={"minimum": 1, "maximum": LONGEST_DAYS, "example": 60},
    )


class NewPlanSchema(TermsSchema):
    """A plan to offer. Its terms never change: to change them, withdraw it and offer another."""

    pin = PinField(required=True, metadata={"example": examples.MERCHANT_PIN})


class PlanSchema(TermsSchema):
    """A plan as it is sold."""

    plan = ReferenceField(attribute="id")
    merchant = fields.Str(metadata={"example": "Mama Mboga"})
    offered_at = fields.DateTime()
    withdrawn_at = fields.DateTime(allow_none=True)


class PlansSchema(ma.Schema):
    """What a till sells, newest first."""

    items = fields.List(fields.Nested(PlanSchema))


class PlanQuerySchema(ma.Schema):
    """Whose plans."""

    till = TillField(required=True, validate=validate.Regexp(r"[1-9][0-9]{4,6}\Z"))


class PlanReceiptSchema(ReceiptSchema, TermsSchema):
    """A plan that was offered or withdrawn."""

    plan = ReferenceField()


class PurchaseReceiptSchema(PlanReceiptSchema):
    """A plan that was bought; `contract` holds its price."""

    merchant = fields.Str(metadata={"example": "Mama Mboga"})
    fee = AmountField()
    balance = AmountField()
    contract = ReferenceField()
    deadline_at = fields.DateTime()


class OnlyPinSchema(ma.Schema):
    """Your PIN says that you mean it."""

    pin = PinField(required=True)


class MerchantPinSchema(ma.Schema):
    """Your PIN says that you mean it."""

    pin = PinField(required=True, metadata={"example": examples.MERCHANT_PIN})


class VisitReceiptSchema(HeldReceiptSchema):
    """A visit that was confirmed: `amount` went to the merchant."""

    step = fields.Int(metadata={"example": 3})
    steps = fields.Int(metadata={"example": 10})


class AskCodeSchema(ma.Schema):
    """A code to hand to the merchant."""

    pin = PinField(required=True)
    picture = fields.Str(
        validate=validate.OneOf(PICTURES),
        metadata={"description": "Also draw it as a QR code, as a picture of this kind."},
    )


class VisitCodeSchema(ReceiptSchema):
    """A code that confirms one visit, once, within ten minutes. A newer one ends it."""

    contract = ReferenceField()
    code = fields.Str(metadata=_CODE)
    qr = fields.Str(metadata=_QR)
    picture = fields.Str(
        allow_none=True, metadata={"description": "The QR code, as a data: address."}
    )
    expires_at = fields.DateTime()


class RedeemSchema(ma.Schema):
    """A customer's code: with the contract's reference or their number; or what was scanned."""

    contract = ReferenceField()
    msisdn = PhoneField()
    code = fields.Str(validate=validate.Regexp(r"[0-9]{6}\Z"), metadata=_CODE)
    qr = fields.Str(validate=validate.Length(1, 100), metadata=_QR)

    WAYS: Final = (
        {"contract", "code"},
        {"msisdn", "code"},
        {"qr"},
    )

    @ma.validates_schema(skip_on_field_errors=True)
    def check_way(self, data: Mapping[str, Any], **_: object) -> None:
        """Raise `ValidationError` where it is not exactly one of the three ways."""
        if set(data) not in self.WAYS:
            raise ma.ValidationError("Give contract and code, msisdn and code, or qr.")
