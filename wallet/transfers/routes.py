"""Send money to another wallet: the hottest route, read and answered by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from flask import Response

from wallet.transfers import send
from wallet.web.answers import receipt_answer
from wallet.web.auth import authenticate, idempotency_key
from wallet.web.handmade import (
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
from wallet.web.hot import post
from wallet.web.routing import Routes, mark
from wallet.web.schemas import service

if TYPE_CHECKING:
    from wallet.service import Service

blp: Final = Routes("sends", "/v1/sends", "Send money from wallet to wallet.")

FIELDS: Final = frozenset({"receiver", "amount", "pin"})
QUOTES: Final = 18  # five names and four strings

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

    The receiver has it at once; the fee of the tariff comes on top of the amount. For a number that
    is not registered: `POST /v1/claims`.
    """
    sender = authenticate("consumer")
    key = idempotency_key()
    parts = service()
    command = read_send(parts, sender.holder_id, key, plain_body(QUOTES))
    return receipt_answer(post(parts, send.decide, command))


def read_send(parts: Service, sender_id: int, key: UUID, body: Mapping[str, Any]) -> send.Command:
    """Return the command a body asks for. Raises `Refused`, naming the field."""
    check_names(body, FIELDS)
    receiver, amount = phone_in(parts, body, "receiver"), amount_in(body, "amount")
    return send.Command(sender_id, key, pin_in(body, "pin"), receiver, amount)


blp.post("")(
    document(mark(create_send, roles=("consumer",), keyed=True), body=BODY, answer=RECEIPT)
)
