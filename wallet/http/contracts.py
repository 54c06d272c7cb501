"""Contracts: payments held between a payer and a payee, each of whom can act for the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
from flask import Response
from marshmallow import fields, validate

from wallet.errors import Code, Refused
from wallet.escrow.reading import Contracts, ContractView, contract_of, contracts_of
from wallet.flows import give_back, release
from wallet.http import examples
from wallet.http.answers import receipt_answer
from wallet.http.auth import caller, idempotency_key, keyed, requires
from wallet.http.pages import PageQuerySchema, PageSchema
from wallet.http.receipts import HeldReceiptSchema
from wallet.http.routing import Routes
from wallet.http.schemas import AmountField, PinField, ReferenceField, service

blp: Final = Routes("contracts", "/v1/contracts", "Payments held until their deadline.")


class ContractSchema(ma.Schema):
    """A held payment. released + returned + held is always the amount."""

    reference = ReferenceField(attribute="contract.id")
    state = fields.Function(
        lambda view: "open" if view.contract.closed_at is None else "closed",
        metadata={"type": "string", "enum": ["open", "closed"]},
    )
    payer = fields.Str(attribute="payer_name", metadata={"example": "Amina Odhiambo"})
    payee = fields.Str(attribute="payee_name", metadata={"example": "Duka la Juma"})
    till = fields.Str(
        attribute="contract.till", allow_none=True, metadata={"example": examples.TILL}
    )
    amount = AmountField(attribute="contract.amount")
    released = AmountField(attribute="contract.released_amount")
    returned = AmountField(attribute="contract.returned_amount")
    held = AmountField(attribute="contract.held")
    opened_at = fields.DateTime(attribute="contract.opened_at")
    deadline_at = fields.DateTime(attribute="contract.deadline_at")
    closed_at = fields.DateTime(attribute="contract.closed_at", allow_none=True)


class ContractPageSchema(PageSchema):
    """My contracts, newest first."""

    items = fields.List(fields.Nested(ContractSchema))


class ContractQuerySchema(PageQuerySchema):
    """Which of my contracts."""

    side = fields.Str(
        validate=validate.OneOf(["payer", "payee"]),
        metadata={"description": "Only those in which I am this; without it, both."},
    )
    open = fields.Bool(
        load_default=False, metadata={"description": "Only those that still hold money."}
    )


class ActSchema(ma.Schema):
    """Releases or returns held money. Without an amount, all of it. It cannot be undone."""

    amount = AmountField()
    pin = PinField(required=True)


@blp.get("")
@requires("consumer")
@blp.arguments(ContractQuerySchema, location="query")
@blp.response(200, ContractPageSchema)
def list_contracts(query: Mapping[str, Any]) -> Contracts:
    """List my held payments, made and taken, newest first."""
    return contracts_of(
        service().engine,
        caller().holder_id,
        side=query.get("side"),
        only_open=query["open"],
        before=query.get("before"),
        limit=query["limit"],
    )


@blp.get("/<reference:contract_id>")
@requires("consumer")
@blp.response(200, ContractSchema)
def get_contract(contract_id: int) -> ContractView:
    """Show one of my contracts."""
    found = contract_of(service().engine, caller().holder_id, contract_id)
    if found is None:
        raise Refused(Code.CONTRACT_UNKNOWN)
    return found


@blp.post("/<reference:contract_id>/releases")
@requires("consumer")
@keyed
@blp.arguments(ActSchema)
@blp.response(201, HeldReceiptSchema)
def create_release(body: Mapping[str, Any], contract_id: int) -> Response:
    """Release held money to the payee, as its payer.

    In whole or in part, as often as there is something held. The payee has it at once.
    """
    command = release.Command(
        caller().holder_id, idempotency_key(), body["pin"], contract_id, body.get("amount")
    )
    return receipt_answer(service().poster.post(release.decide, command))


@blp.post("/<reference:contract_id>/returns")
@requires("consumer")
@keyed
@blp.arguments(ActSchema)
@blp.response(201, HeldReceiptSchema)
def create_return(body: Mapping[str, Any], contract_id: int) -> Response:
    """Return held money to the payer, as its payee.

    In whole or in part, before the deadline. The payer has it at once, and pays nothing for it.
    """
    command = give_back.Command(
        caller().holder_id, idempotency_key(), body["pin"], contract_id, body.get("amount")
    )
    return receipt_answer(service().poster.post(give_back.decide, command))
