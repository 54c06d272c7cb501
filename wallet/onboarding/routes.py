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
from wallet.service import Service
from wallet.transfers import deposit
from wallet.web.acts import Act, Asked
from wallet.web.answers import receipt_answer
from wallet.web.auth import caller, requires
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


def shown_once(_: Asked, command: onboard.Partner, receipt: Receipt) -> Mapping[str, Any]:
    """Tell the secret of a new partner: it is not kept anywhere."""
    return {
        **receipt.answer,
        "client_secret": None if receipt.replayed else command.secret.reveal(),
    }


NEW_AGENT: Final = Act(
    body=NewAgentSchema,
    roles=("operator",),
    decide=onboard.decide_agent,
    receipt=NewAgentReceiptSchema,
)
NEW_PARTNER: Final = Act(
    body=NewPartnerSchema,
    roles=("operator",),
    decide=onboard.decide_partner,
    receipt=NewPartnerReceiptSchema,
    tell=shown_once,
)
DEPOSIT: Final = Act(
    body=DepositSchema,
    roles=("operator",),
    decide=deposit.APPROVABLE.decide_ask,
    receipt=WaitingReceiptSchema,
)


@blp.prepared_act("/agents", NEW_AGENT)
def create_agent(asked: Asked, parts: Service) -> onboard.Agent:
    """Make a registered person an agent"""
    holder_id = registered(parts, asked.body["msisdn"])
    return onboard.Agent(asked.actor, asked.key, holder_id, asked.body["name"])


@blp.act("/partners", NEW_PARTNER)
def create_partner(asked: Asked) -> onboard.Partner:
    """Let an institution join, with client credentials"""
    body = asked.body
    market = body.get("market", asked.settings.market)
    if market not in asked.markets:
        raise Refused(Code.FORMAT_ERROR, field="market", one_of=sorted(asked.markets))
    return onboard.Partner(
        actor=asked.actor,
        key=asked.key,
        name=body["name"],
        role=body["role"],
        market=market,
        currencies=tuple(body["currencies"]),
        secret=ClientSecret(new_secret()),
    )


@blp.act("/deposits", DEPOSIT)
def create_deposit(asked: Asked) -> Ask:
    """Ask for e-money to be issued for money that has arrived in the trust account

    It waits until another operator approves, whatever the amount: nothing is issued before.
    Neither of the two may be who receives it.
    """
    body = asked.body
    command = deposit.Command(
        actor=asked.actor,
        key=asked.key,
        holder_id=body["holder"],
        kind=body["kind"],
        amount=body["amount"],
        bank_reference=body["bank_reference"],
    )
    reason = f"bank reference {command.bank_reference}"
    return Ask(asked.actor, asked.key, command, reason)


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
