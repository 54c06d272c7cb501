"""Pay a merchant by till number or QR code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
from marshmallow import fields

from wallet.errors import Code, Refused
from wallet.escrow import pay
from wallet.money import Money
from wallet.qr import MerchantCode
from wallet.qr.keys import qr_key, read_payload
from wallet.web import examples
from wallet.web.acts import Act, ActRequest
from wallet.web.receipts import ReceiptSchema
from wallet.web.routing import Routes
from wallet.web.schemas import (
    MISSING,
    UNKNOWN,
    AmountField,
    NamedField,
    PinField,
    ReferenceField,
    TillField,
    current_service,
)

blp: Final = Routes("payments", "/v1/payments", "Pay a merchant by till number or QR.")

_EXAMPLE: Final = {
    "till": examples.TILL,
    "amount": {"amount": "250.00", "currency": "KES"},
    "pin": examples.CUSTOMER_PIN,
}


class QrField(NamedField):
    """What a scanned code says."""

    def read(self, value: Any) -> MerchantCode:
        if not isinstance(value, str):
            raise ma.ValidationError("Not a valid string.")
        return read_payload(value, qr_key(current_service().settings.token_key))


class PaymentSchema(ma.Schema):
    """A payment: by `till` and `amount`, or by what the scanned code says."""

    till = TillField(metadata={"description": "Needs an `amount`."})
    qr = QrField(
        metadata={
            "type": "string",
            "description": "What the scanned code says, instead of `till`. Where it names an "
            "amount, `amount` may be left out; if given, it must be the same.",
        }
    )
    amount = AmountField()
    pin = PinField(required=True, reads_null=True)

    WAYS: Final = ({"till", "amount", "pin"}, {"qr", "pin"}, {"qr", "amount", "pin"})

    @ma.validates_schema(pass_original=True, skip_on_field_errors=False)
    def check_way(self, _: object, given: Mapping[str, Any], **__: object) -> None:
        """Raise `ValidationError` where it is neither the one way nor the other."""
        if "qr" not in given:
            missing = {name: [MISSING] for name in ("till", "amount") if name not in given}
            if missing:
                raise ma.ValidationError(missing)
        elif "till" in given:
            raise ma.ValidationError(UNKNOWN, "till")


class PaymentReceiptSchema(ReceiptSchema):
    """A payment; without a `contract` it was not held: the merchant has it."""

    amount = AmountField()
    fee = AmountField()
    balance = AmountField()
    till = TillField()
    merchant = fields.Str(metadata={"example": "Duka la Juma"})
    order = fields.Str(allow_none=True, metadata={"example": "INV-17"})
    contract = ReferenceField(allow_none=True)
    deadline_at = fields.DateTime(
        allow_none=True, metadata={"example": "2026-01-06T09:00:00+00:00"}
    )


PAYMENT: Final = Act(
    body=PaymentSchema, roles=("consumer",), decide=pay.decide, receipt=PaymentReceiptSchema
)


@blp.act("", PAYMENT, example=_EXAMPLE)
def create_payment(request: ActRequest) -> pay.Command:
    """Pay a merchant's till.

    The money is held in a contract for the merchant's period, to be released by the payer or by
    itself at the deadline; without a period the merchant has it at once. A code that names an
    order is paid once, whoever pays: the second is told `already_paid`.
    """
    body = request.body
    if "till" in body:
        return pay.Command(request.actor, request.key, body["pin"], body["till"], body["amount"])
    code: MerchantCode = body["qr"]
    amount = _amount(code, body.get("amount"))
    return pay.Command(
        request.actor, request.key, body["pin"], code.till, amount, code.reference, code.expires_at
    )


def _amount(code: MerchantCode, given: Money | None) -> Money:
    """Return what is to be paid. Raises `Refused` where code and payer do not agree."""
    asked = code.amount or given
    if asked is None:
        raise Refused(Code.FORMAT_ERROR, errors={"amount": [MISSING]})
    if given is None:
        return asked
    if given.currency != code.currency:
        raise Refused(Code.CURRENCY_NOT_SUPPORTED, field="amount", one_of=[code.currency])
    if given != asked:
        raise Refused(Code.FORMAT_ERROR, field="amount", expected=asked.json)
    return given
