"""Send money to another wallet."""

from __future__ import annotations

from typing import Final

import marshmallow as ma

from wallet.transfers import send
from wallet.web.acts import Act, Asked
from wallet.web.receipts import TransferReceiptSchema
from wallet.web.routing import Routes
from wallet.web.schemas import AmountField, PhoneField, PinField

blp: Final = Routes("sends", "/v1/sends", "Send money from wallet to wallet.")


class SendSchema(ma.Schema):
    """An amount for somebody who is registered."""

    receiver = PhoneField(required=True, reads_null=True)
    amount = AmountField(required=True)
    pin = PinField(required=True, reads_null=True)


SEND: Final = Act(
    body=SendSchema, roles=("consumer",), decide=send.decide, receipt=TransferReceiptSchema
)


@blp.act("", SEND)
def create_send(asked: Asked) -> send.Command:
    """Send money to a registered number.

    The receiver has it at once; the fee of the tariff comes on top of the amount. For a number that
    is not registered: `POST /v1/claims`.
    """
    body = asked.body
    return send.Command(asked.actor, asked.key, body["pin"], body["receiver"], body["amount"])
