"""One's own profile, and the name behind a number one is about to pay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final
from uuid import uuid4

import marshmallow as ma
from flask import Response
from marshmallow import Schema, fields, validate

from wallet.markets import MARKETS
from wallet.people import pin_routes, sign_in_routes, token_routes
from wallet.people.change_holder import Command, decide
from wallet.people.names import name_of
from wallet.people.roles import profile_of
from wallet.web import examples
from wallet.web.answers import receipt_answer
from wallet.web.auth import caller, requires
from wallet.web.receipts import ReceiptSchema
from wallet.web.routing import Routes
from wallet.web.schemas import ReferenceField, current_service, phone
from wallet.web.throttling import check_rate

NAMES_A_MINUTE: Final = 30
_TOP_TIER: Final = max(len(each.limits[each.currency]) for each in MARKETS.values()) - 1

NUMBER: Final = {
    "name": "msisdn",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "example": examples.RECEIVER},
}

blp = Routes("holders", "/v1", "People and businesses with accounts.")


class ProfileSchema(Schema):
    """What you see of yourself."""

    holder_id = ReferenceField()
    msisdn = fields.Str(allow_none=True, metadata={"example": examples.CUSTOMER})
    name = fields.Str(metadata={"example": "Juma Otieno"})
    language = fields.Str(metadata={"example": "sw"})
    market = fields.Str(metadata={"example": "KE"})
    tier = fields.Int(metadata={"example": 0})
    status = fields.Str(metadata={"example": "active"})
    pin_set = fields.Bool(metadata={"example": True})
    roles = fields.List(fields.Str(), metadata={"example": ["consumer"]})


class ProfileChangeSchema(Schema):
    """What you may change of it."""

    language = fields.Str(required=True, metadata={"example": "sw"})


class NameSchema(Schema):
    """Who would be paid."""

    msisdn = fields.Str(metadata={"example": examples.RECEIVER})
    name = fields.Str(metadata={"example": "WANJIRU K."})


@blp.get("/me")
@requires()
@blp.response(200, ProfileSchema)
def show_profile() -> dict[str, Any]:
    """See your own profile"""
    return _profile()


@blp.patch("/me")
@requires()
@blp.arguments(ProfileChangeSchema)
@blp.response(200, ProfileSchema)
def change_profile(body: dict[str, Any]) -> dict[str, Any]:
    """Change the language of your texts and menus"""
    own_id = caller().holder_id
    command = Command(own_id, uuid4(), own_id, language=body["language"])
    current_service().poster.post(decide, command)
    return _profile()


@blp.get("/names/<msisdn>", parameters=[NUMBER])
@requires()
@blp.response(200, NameSchema)
def show_name(msisdn: str) -> dict[str, Any]:
    """See whom a number belongs to, before paying

    The name is shortened, and one caller sees at most 30 a minute.
    """
    check_rate("names", caller().holder_id, NAMES_A_MINUTE, 60)
    found = phone(msisdn)
    with current_service().engine.connect() as connection:
        return {"msisdn": found, "name": name_of(connection, found)}


def _profile() -> dict[str, Any]:
    who = caller()
    with current_service().engine.connect() as connection:
        profile = profile_of(connection, who.holder_id)
    return {**asdict(profile), "holder_id": profile.id, "roles": sorted(who.roles)}


class HolderChangeSchema(ma.Schema):
    """What is left out stays as it is."""

    status = fields.Str(validate=validate.OneOf(["active", "frozen", "closed"]))
    tier = fields.Int(strict=True, metadata={"minimum": 0, "maximum": _TOP_TIER, "example": 1})


class HolderChangedSchema(ReceiptSchema):
    """A holder as they are now."""

    name = fields.Str()
    status = fields.Str(metadata={"example": "active"})
    language = fields.Str(metadata={"example": "sw"})
    tier = fields.Int()


@blp.patch("/holders/<reference:holder_id>")
@requires("operator")
@blp.arguments(HolderChangeSchema)
@blp.response(200, HolderChangedSchema)
def change_holder(body: Mapping[str, Any], holder_id: int) -> Response:
    """Freeze, thaw or close a holder, or change their tier"""
    command = Command(
        caller().holder_id, uuid4(), holder_id, status=body.get("status"), tier=body.get("tier")
    )
    return receipt_answer(current_service().poster.post(decide, command), 200)


ROUTES: Final = (sign_in_routes.blp, token_routes.blp, blp, pin_routes.blp)
