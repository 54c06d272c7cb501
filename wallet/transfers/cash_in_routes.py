"""Cash-in: an agent takes cash and credits a customer's wallet from their float."""

from __future__ import annotations

from typing import Final

import marshmallow as ma

from wallet.transfers import cash_in
from wallet.web import examples
from wallet.web.acts import Act, Asked
from wallet.web.receipts import TransferReceiptSchema
from wallet.web.routing import Routes
from wallet.web.schemas import AmountField, PhoneField, PinField

blp: Final = Routes("cash-ins", "/v1/cash-ins", "Agents take cash in.")


class CashInSchema(ma.Schema):
    """Cash taken from a customer, to be credited to their wallet."""

    customer = PhoneField(required=True)
    amount = AmountField(required=True)
    pin = PinField(required=True, metadata={"example": examples.AGENT_PIN})


CASH_IN: Final = Act(
    body=CashInSchema, roles=("agent",), decide=cash_in.decide, receipt=TransferReceiptSchema
)


@blp.act("", CASH_IN)
def create_cash_in(asked: Asked) -> cash_in.Command:
    """Credit a customer for cash taken.

    The customer pays no fee; the agent's float goes down by the amount.
    """
    body = asked.body
    return cash_in.Command(asked.actor, asked.key, body["pin"], body["customer"], body["amount"])
