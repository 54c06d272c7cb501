"""What the operator's staff do: onboard agents and partners, issue e-money, freeze, set rates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any, Final
from uuid import uuid4

import marshmallow as ma
from flask import Response
from marshmallow import fields, validate

from wallet.approvals.approve import Ask
from wallet.approvals.routes import WaitingReceiptSchema
from wallet.errors import Code, Refused
from wallet.fx.rates import ReferenceRate, parse_rate, set_rate
from wallet.ledger.poster import Receipt
from wallet.onboarding import onboard
from wallet.onboarding.merchant_routes import registered
from wallet.onboarding.records import PARTNER_ROLES, ClientSecret
from wallet.people.change import ChangeHolder, decide_change_holder
from wallet.people.partners import new_secret
from wallet.transfers import deposit
from wallet.web.answers import receipt_answer
from wallet.web.auth import caller, idempotency_key, keyed, requires
from wallet.web.receipts import ReceiptSchema
from wallet.web.routing import Routes
from wallet.web.schemas import AmountField, NameField, PhoneField, ReferenceField, service

blp: Final = Routes("operators", "/v1", "For the operator's staff.")


class NewAgentSchema(ma.Schema):
    """A registered person who shall take cash, and the name on their door."""

    msisdn = PhoneField(required=True)
    name = NameField(required=True, metadata={"example": "Mama Mboga Stores"})


class NewAgentReceiptSchema(ReceiptSchema):
    """An agent, with the number that customers type, and an empty float."""

    holder_id = ReferenceField()
    agent = fields.Str(metadata={"example": "20417"})
    name = fields.Str()
    currency = fields.Str(metadata={"example": "KES"})


class NewPartnerSchema(ma.Schema):
    """An institution: a partner tops wallets up, a maker quotes prices."""

    name = NameField(required=True, metadata={"example": "Gulf Remit"})
    role = fields.Str(required=True, validate=validate.OneOf(PARTNER_ROLES))
    market = fields.Str(metadata={"example": "KE"})
    currencies = fields.List(
        fields.Str(metadata={"example": "USD"}), required=True, validate=validate.Length(1, 20)
    )


class NewPartnerReceiptSchema(ReceiptSchema):
    """An institution with its credentials. The secret is shown this once."""

    holder_id = ReferenceField()
    name = fields.Str()
    role = fields.Str()
    currencies = fields.List(fields.Str(metadata={"example": "USD"}))
    client_id = fields.Str(metadata={"example": "1qgdf9bm0k7j"})
    client_secret = fields.Str(
        allow_none=True, metadata={"description": "Null where the key had been answered before."}
    )


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


class HolderChangeSchema(ma.Schema):
    """What is left out stays as it is."""

    status = fields.Str(validate=validate.OneOf(["active", "frozen", "closed"]))
    tier = fields.Int(strict=True, metadata={"minimum": 0, "example": 1})


class HolderChangedSchema(ReceiptSchema):
    """A holder as they are now."""

    name = fields.Str()
    status = fields.Str(metadata={"example": "active"})
    language = fields.Str(metadata={"example": "sw"})
    tier = fields.Int()


class RateSchema(ma.Schema):
    """What one of the base currency is worth in the quoted one, as of when, and who says so."""

    mid = fields.Raw(required=True, metadata={"type": "string", "example": "129.05"})
    source = fields.Str(
        required=True,
        validate=validate.Length(1, 80),
        metadata={"example": "Central Bank of Kenya"},
    )
    as_of = fields.AwareDateTime(
        required=True, format="iso", metadata={"example": "2026-01-05T09:00:00+00:00"}
    )


@blp.post("/agents")
@requires("operator")
@keyed
@blp.arguments(NewAgentSchema)
@blp.response(201, NewAgentReceiptSchema)
def create_agent(body: Mapping[str, Any]) -> Response:
    """Make a registered person an agent"""
    command = onboard.Agent(
        caller().holder_id, idempotency_key(), registered(body["msisdn"]), body["name"]
    )
    return receipt_answer(service().poster.post(onboard.decide_agent, command))


@blp.post("/partners")
@requires("operator")
@keyed
@blp.arguments(NewPartnerSchema)
@blp.response(201, NewPartnerReceiptSchema)
def create_partner(body: Mapping[str, Any]) -> Response:
    """Let an institution join, with client credentials"""
    parts, secret = service(), new_secret()
    market = body.get("market", parts.settings.market)
    if market not in parts.markets:
        raise Refused(Code.FORMAT_ERROR, field="market", one_of=sorted(parts.markets))
    command = onboard.Partner(
        actor=caller().holder_id,
        key=idempotency_key(),
        name=body["name"],
        role=body["role"],
        market=market,
        currencies=tuple(body["currencies"]),
        secret=ClientSecret(secret),
    )
    receipt = parts.poster.post(onboard.decide_partner, command)
    shown = None if receipt.replayed else secret  # the first one is not kept anywhere
    answer = {**receipt.answer, "client_secret": shown}
    return receipt_answer(Receipt(answer, receipt.replayed))


@blp.post("/deposits")
@requires("operator")
@keyed
@blp.arguments(DepositSchema)
@blp.response(201, WaitingReceiptSchema)
def create_deposit(body: Mapping[str, Any]) -> Response:
    """Ask for e-money to be issued for money that has arrived in the trust account

    It waits until another operator approves, whatever the amount: nothing is issued before.
    Neither of the two may be who receives it.
    """
    who, key = caller().holder_id, idempotency_key()
    command = deposit.Command(
        actor=who,
        key=key,
        holder_id=body["holder"],
        kind=body["kind"],
        amount=body["amount"],
        bank_reference=body["bank_reference"],
    )
    ask = Ask(who, key, command, f"bank reference {command.bank_reference}")
    return receipt_answer(service().poster.post(deposit.APPROVABLE.decide_ask, ask))


@blp.patch("/holders/<reference:holder_id>")
@requires("operator")
@blp.arguments(HolderChangeSchema)
@blp.response(200, HolderChangedSchema)
def change_holder(body: Mapping[str, Any], holder_id: int) -> Response:
    """Freeze, thaw or close a holder, or change their tier"""
    command = ChangeHolder(
        caller().holder_id, uuid4(), holder_id, status=body.get("status"), tier=body.get("tier")
    )
    return receipt_answer(service().poster.post(decide_change_holder, command), 200)


@blp.put("/rates/<base>-<quoted>")
@requires("operator")
@blp.arguments(RateSchema)
@blp.response(204)
def set_reference_rate(body: Mapping[str, Any], base: str, quoted: str) -> None:
    """Set a reference rate, around which makers' prices must lie"""
    parts = service()
    try:
        as_of = body["as_of"].astimezone(UTC)
    except OverflowError as error:  # the edge of the calendar, seen from another zone
        raise Refused(Code.FORMAT_ERROR, field="as_of") from error
    rate = ReferenceRate(base, quoted, parse_rate(body["mid"], "mid"), body["source"], as_of)
    set_rate(parts.engine, rate, parts.clock.now())
