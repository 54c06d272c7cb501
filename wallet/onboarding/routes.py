"""Onboarding over HTTP: the operator's staff make agents, and let institutions join."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
from marshmallow import fields, validate

from wallet.errors import Code, Refused
from wallet.ledger.poster import Receipt
from wallet.markets import MARKETS
from wallet.onboarding import agent, merchant_routes, partner, register_routes
from wallet.onboarding.merchant_routes import registered
from wallet.onboarding.records import PARTNER_ROLES, ClientSecret
from wallet.people.partners import new_secret
from wallet.service import Service
from wallet.web.acts import Act, ActRequest
from wallet.web.receipts import ReceiptSchema
from wallet.web.routing import Routes
from wallet.web.schemas import NameField, PhoneField, ReferenceField

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
    market = fields.Str(metadata={"enum": sorted(MARKETS), "example": "KE"})
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


def shown_once(_: ActRequest, command: partner.Command, receipt: Receipt) -> Mapping[str, Any]:
    """Tell the secret of a new partner: it is not kept anywhere."""
    return {
        **receipt.answer,
        "client_secret": None if receipt.replayed else command.secret.reveal(),
    }


NEW_AGENT: Final = Act(
    body=NewAgentSchema,
    roles=("operator",),
    decide=agent.decide,
    receipt=NewAgentReceiptSchema,
)
NEW_PARTNER: Final = Act(
    body=NewPartnerSchema,
    roles=("operator",),
    decide=partner.decide,
    receipt=NewPartnerReceiptSchema,
    tell=shown_once,
)


@blp.prepared_act("/agents", NEW_AGENT)
def create_agent(request: ActRequest, service: Service) -> agent.Command:
    """Make a registered person an agent"""
    holder_id = registered(service, request.body["msisdn"])
    return agent.Command(request.actor, request.key, holder_id, request.body["name"])


@blp.act("/partners", NEW_PARTNER)
def create_partner(request: ActRequest) -> partner.Command:
    """Let an institution join, with client credentials"""
    body = request.body
    market = body.get("market", request.settings.market)
    if market not in request.markets:
        raise Refused(Code.FORMAT_ERROR, field="market", one_of=sorted(request.markets))
    return partner.Command(
        actor=request.actor,
        key=request.key,
        name=body["name"],
        role=body["role"],
        market=market,
        currencies=tuple(body["currencies"]),
        secret=ClientSecret(new_secret()),
    )


ROUTES: Final = (register_routes.blp, merchant_routes.blp, blp)
