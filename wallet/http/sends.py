"""Send money to another wallet: the hottest route, read and answered by hand."""

from __future__ import annotations

from typing import Any, Final

from flask import Response

from wallet.flows import send
from wallet.http.answers import receipt_answer
from wallet.http.auth import authenticate, idempotency_key
from wallet.http.handmade import (
    AMOUNT,
    MOMENT,
    PHONE,
    PIN,
    REFERENCE,
    amount_in,
    check_names,
    document,
    phone_in,
    pin_in,
    plain_body,
)
from wallet.http.routing import Routes, mark
from wallet.http.schemas import service

blp: Final = Routes("sends", "/v1/sends", "Send money from wallet to wallet.")

FIELDS: Final = frozenset({"receiver", "amount", "pin"})
_QUOTES: Final = 18  # five names and four strings

BODY: Final[dict[str, Any]] = {
    "type": "object",
    "required": sorted(FIELDS),
    "additionalProperties": False,
    "properties": {"receiver": PHONE, "amount": AMOUNT, "pin": PIN},
}
RECEIPT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "reference": REFERENCE,
        "kind": {"type": "string", "const": "send"},
        "amount": AMOUNT,
        "fee": AMOUNT,
        "balance": AMOUNT,
        "receiver": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "example": "Juma Abdallah"},
                "msisdn": PHONE,
            },
        },
        "posted_at": MOMENT,
    },
}


def create_send() -> Response:
    """Send money to a registered number.

    The receiver has it at once; the fee of the tariff comes on top of the amount.
    """
    sender = authenticate("consumer")
    key = idempotency_key()
    body = plain_body(_QUOTES)
    check_names(body, FIELDS)
    parts = service()
    receiver, amount = phone_in(parts, body, "receiver"), amount_in(body, "amount")
    command = send.Command(sender.holder_id, key, pin_in(body, "pin"), receiver, amount)
    return receipt_answer(parts.poster.post(send.decide, command))


blp.post("")(
    document(mark(create_send, roles=("consumer",), keyed=True), body=BODY, answer=RECEIPT)
)
