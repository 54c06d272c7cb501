"""Pay a merchant by till number or QR code: a hot route, read and answered by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from flask import Response

from wallet.errors import Code, Refused
from wallet.escrow import pay
from wallet.money import Money
from wallet.qr import MerchantCode
from wallet.qr.keys import qr_key, read_payload
from wallet.web import examples
from wallet.web.answers import receipt_answer
from wallet.web.auth import authenticate, idempotency_key
from wallet.web.handmade import (
    AMOUNT,
    MOMENT,
    PIN,
    REFERENCE,
    TILL,
    amount_in,
    check_names,
    document,
    named,
    pin_in,
    plain_body,
    text_in,
)
from wallet.web.hot import post
from wallet.web.routing import Routes, mark
from wallet.web.schemas import service

if TYPE_CHECKING:
    from wallet.service import Service

blp: Final = Routes("payments", "/v1/payments", "Pay a merchant by till number or QR.")

BY_TILL: Final = frozenset({"till", "amount", "pin"})
BY_CODE: Final = frozenset({"qr", "pin"})
QUOTES: Final = 18  # by till: five names and four strings

BODY: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["pin"],
    "additionalProperties": False,
    "oneOf": [{"required": ["till", "amount"]}, {"required": ["qr"]}],
    "properties": {
        "till": TILL,
        "qr": {
            "type": "string",
            "description": "What the scanned code says, instead of `till`. Where it names an "
            "amount, `amount` may be left out; if given, it must be the same.",
        },
        "amount": AMOUNT,
        "pin": PIN,
    },
    "example": {
        "till": examples.TILL,
        "amount": {"amount": "250.00", "currency": "KES"},
        "pin": examples.CUSTOMER_PIN,
    },
}
RECEIPT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "reference": REFERENCE,
        "kind": {"type": "string", "const": "pay"},
        "amount": AMOUNT,
        "fee": AMOUNT,
        "balance": AMOUNT,
        "till": TILL,
        "merchant": {"type": "string", "example": "Duka la Juma"},
        "order": {"type": ["string", "null"], "example": "INV-17"},
        "contract": {**REFERENCE, "type": ["string", "null"]},
        "deadline_at": {**MOMENT, "type": ["string", "null"]},
        "posted_at": MOMENT,
    },
}


def create_payment() -> Response:
    """Pay a merchant's till.

    The money is held in a contract for the merchant's period, to be released by the payer or by
    itself at the deadline; without a period the merchant has it at once.
    """
    payer = authenticate("consumer")
    key = idempotency_key()
    parts = service()
    command = read_payment(parts, payer.holder_id, key, plain_body(QUOTES))
    return receipt_answer(post(parts, pay.decide, command))


def read_payment(parts: Service, payer_id: int, key: UUID, body: Mapping[str, Any]) -> pay.Command:
    """Return the command a body asks for. Raises `Refused`, naming the field."""
    if body.keys() == BY_TILL:
        till, amount = text_in(body, "till"), amount_in(body, "amount")
        return pay.Command(payer_id, key, pin_in(body, "pin"), till, amount)
    return _by_code(parts, payer_id, key, body)


def _by_code(parts: Service, payer_id: int, key: UUID, body: Mapping[str, Any]) -> pay.Command:
    if "qr" not in body:
        check_names(body, BY_TILL)
    check_names(body, BY_CODE, frozenset({"amount"}))
    payload = text_in(body, "qr")
    code = named("qr", read_payload, payload, qr_key(parts.settings.token_key))
    amount = _amount(code, amount_in(body, "amount") if "amount" in body else None)
    return pay.Command(
        payer_id, key, pin_in(body, "pin"), code.till, amount, code.reference, code.expires_at
    )


def _amount(code: MerchantCode, given: Money | None) -> Money:
    """Return what is to be paid. Raises `Refused` where code and payer do not agree."""
    asked = code.amount or given
    if asked is None:
        check_names({}, frozenset({"amount"}))
    assert asked is not None
    if given is None:
        return asked
    if given.currency != code.currency:
        raise Refused(Code.CURRENCY_NOT_SUPPORTED, field="amount", one_of=[code.currency])
    if given != asked:
        raise Refused(Code.FORMAT_ERROR, field="amount", expected=asked.json)
    return given


blp.post("")(
    document(mark(create_payment, roles=("consumer",), keyed=True), body=BODY, answer=RECEIPT)
)
