"""Cash-in: an agent takes cash and credits a customer's wallet from their float."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
from flask import Response

from wallet.transfers import cash_in
from wallet.web import examples
from wallet.web.answers import receipt_answer
from wallet.web.auth import caller, idempotency_key, keyed, requires
from wallet.web.receipts import TransferReceiptSchema
from wallet.web.routing import Routes
from wallet.web.schemas import AmountField, PhoneField, PinField, service

blp: Final = Routes("cash-ins", "/v1/cash-ins", "Agents take cash in.")


class CashInSchema(ma.Schema):
    """Cash taken from a customer, to be credited to their wallet."""

    customer = PhoneField(required=True)
    amount = AmountField(required=True)
    pin = PinField(required=True, metadata={"example": examples.AGENT_PIN})


@blp.post("")
@requires("agent")
@keyed
@blp.arguments(CashInSchema)
@blp.response(201, TransferReceiptSchema)
def create_cash_in(body: Mapping[str, Any]) -> Response:
    """Credit a customer for cash taken.

    The customer pays no fee; the agent's float goes down by the amount.
    """
    command = cash_in.Command(
        caller().holder_id, idempotency_key(), body["pin"], body["customer"], body["amount"]
    )
    return receipt_answer(service().poster.post(cash_in.decide, command))
