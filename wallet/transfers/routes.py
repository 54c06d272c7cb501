"""Transfers over HTTP: sends, cash-ins, deposits, and reversals of all of them."""

from __future__ import annotations

from typing import Final

import marshmallow as ma
from marshmallow import fields, validate

from wallet.approvals.approve import Ask
from wallet.approvals.routes import WaitingReceiptSchema
from wallet.errors import Code, Refused
from wallet.service import Service
from wallet.transfers import cash_in, deposit, reverse, send
from wallet.transfers.reversal_records import receiver_of
from wallet.web import examples
from wallet.web.acts import Act, ActRequest
from wallet.web.receipts import ReceiptSchema
from wallet.web.routing import Routes
from wallet.web.schemas import AmountField, PartySchema, PhoneField, PinField, ReferenceField

sends: Final = Routes("sends", "/v1/sends", "Send money from wallet to wallet.")


class TransferReceiptSchema(ReceiptSchema):
    """Money that went to somebody. `balance` is what the one who gave the command has left."""

    amount = AmountField()
    fee = AmountField()
    balance = AmountField()
    receiver = fields.Nested(PartySchema)


class SendSchema(ma.Schema):
    """An amount for somebody who is registered."""

    receiver = PhoneField(required=True, reads_null=True)
    amount = AmountField(required=True)
    pin = PinField(required=True, reads_null=True)


SEND: Final = Act(
    body=SendSchema, roles=("consumer",), decide=send.decide, receipt=TransferReceiptSchema
)


@sends.act("", SEND)
def create_send(request: ActRequest) -> send.Command:
    """Send money to a registered number.

    The receiver has it at once; the fee of the tariff comes on top of the amount. For a number that
    is not registered: `POST /v1/claims`.
    """
    body = request.body
    return send.Command(request.actor, request.key, body["pin"], body["receiver"], body["amount"])


cash_ins: Final = Routes("cash-ins", "/v1/cash-ins", "Agents take cash in.")


class CashInSchema(ma.Schema):
    """Cash taken from a customer, to be credited to their wallet."""

    customer = PhoneField(required=True)
    amount = AmountField(required=True)
    pin = PinField(required=True, metadata={"example": examples.AGENT_PIN})


CASH_IN: Final = Act(
    body=CashInSchema, roles=("agent",), decide=cash_in.decide, receipt=TransferReceiptSchema
)


@cash_ins.act("", CASH_IN)
def create_cash_in(request: ActRequest) -> cash_in.Command:
    """Credit a customer for cash taken.

    The customer pays no fee; the agent's float goes down by the amount.
    """
    body = request.body
    return cash_in.Command(
        request.actor, request.key, body["pin"], body["customer"], body["amount"]
    )


deposits: Final = Routes("deposits", "/v1/deposits", "E-money for what has arrived at the bank.")


class DepositSchema(ma.Schema):
    """Money that has arrived in the trust account, and for whom."""

    holder = ReferenceField(required=True)
    kind = fields.Str(
        required=True, validate=validate.OneOf([str(kind) for kind in deposit.FUNDED])
    )
    amount = AmountField(required=True)
    bank_reference = fields.Str(
        required=True,
        validate=[validate.Length(1, 35), validate.Regexp(r"\s*\S")],
        metadata={"example": "FT26005XK1", "description": "The bank's. It counts once."},
    )


DEPOSIT: Final = Act(
    body=DepositSchema,
    roles=("operator",),
    decide=deposit.APPROVABLE.decide_ask,
    receipt=WaitingReceiptSchema,
)


@deposits.act("", DEPOSIT)
def create_deposit(request: ActRequest) -> Ask:
    """Ask for e-money to be issued for money that has arrived in the trust account

    It waits until another operator approves, whatever the amount: nothing is issued before.
    Neither of the two may be who receives it.
    """
    body = request.body
    command = deposit.Command(
        actor=request.actor,
        key=request.key,
        holder_id=body["holder"],
        kind=body["kind"],
        amount=body["amount"],
        bank_reference=body["bank_reference"],
    )
    reason = f"bank reference {command.bank_reference}"
    return Ask(request.actor, request.key, command, reason)


reversals: Final = Routes(
    "reversals", "/v1/reversals", "A transaction undone, once, by two people."
)


class ReversalSchema(ma.Schema):
    """Which transaction shall be undone, and why."""

    original = ReferenceField(required=True)
    reason = fields.Str(
        required=True,
        validate=validate.Length(1, 140),
        metadata={"example": "Sent to a wrong number"},
    )


REVERSAL: Final = Act(
    body=ReversalSchema,
    roles=("operator",),
    decide=reverse.APPROVABLE.decide_ask,
    receipt=WaitingReceiptSchema,
)


@reversals.prepared_act("", REVERSAL)
def create_reversal(request: ActRequest, service: Service) -> Ask:
    """Ask for a send, a cash-in or a direct payment to be undone

    It waits until another operator approves; then both sides are told. Fee and commission are
    given back. Refused where the receiver no longer has the money.
    """
    original_id, reason = request.body["original"], request.body["reason"]
    receiver_id = receiver_of(service.engine, original_id)
    if receiver_id is None:
        raise Refused(Code.NOT_FOUND)
    command = reverse.Command(request.actor, request.key, original_id, receiver_id, reason)
    return Ask(request.actor, request.key, command, reason)


ROUTES: Final = (sends, cash_ins, deposits, reversals)
