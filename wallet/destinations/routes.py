"""Destinations: where a merchant's payouts may go. The rules are those of the flow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
from marshmallow import fields, validate

from wallet.destinations import change
from wallet.destinations.reading import DestinationView, destinations_of
from wallet.destinations.records import KINDS, Destination, check_bank
from wallet.destinations.schemas import BankSchema
from wallet.destinations.settings import DestinationSettings
from wallet.errors import Code, Refused
from wallet.people.one_time import OneTimeCode
from wallet.web import examples
from wallet.web.acts import Act, ActRequest
from wallet.web.auth import caller, requires
from wallet.web.receipts import ReceiptSchema
from wallet.web.routing import Routes
from wallet.web.schemas import NameField, PhoneField, PinField, ReferenceField, current_service
from wallet.web.together import shape

blp: Final = Routes("destinations", "/v1/destinations", "Where a merchant's payouts may go.")

STATES: Final = ("unconfirmed", "confirmed", "removed")
_ALLOWED: Final[Mapping[str, tuple[frozenset[str], frozenset[str]]]] = {
    "bank": (frozenset({"bank"}), frozenset({"bank"})),
    "mobile": (frozenset({"msisdn"}), frozenset({"msisdn", "name"})),
    "cash": (frozenset(), frozenset({"agent"})),
    "wallet": (frozenset(), frozenset()),
}
"""What each kind must, and may, be described by."""
_AGENT: Final = re.compile(r"[1-9][0-9]{4,6}", re.ASCII)
_DETAILS: Final = ("bank", "msisdn", "name", "agent")
_EXAMPLE: Final = {
    "kind": "bank",
    "bank": {"code": "01", "account": "0112345678", "name": "Mercy Wambui"},
    "pin": examples.MERCHANT_PIN,
}


class DestinationRequestSchema(ma.Schema):
    """A bank account, a phone on another network, cash at an agent (or any), the own wallet."""

    kind = fields.Str(required=True, validate=validate.OneOf(KINDS))
    bank = fields.Nested(BankSchema, metadata={"description": "Of a bank."})
    msisdn = PhoneField(metadata={"description": "Of mobile money."})
    name = NameField(metadata={"description": "Whose phone it is."})
    agent = fields.Str(
        metadata={
            "description": "The one agent who may pay; without it, any.",
            "example": "20417",
            "pattern": "^([1-9][0-9]{4,6})?$",
        }
    )
    pin = PinField(required=True, metadata={"example": examples.MERCHANT_PIN})

    TOGETHER: Final = tuple(
        shape(*needed, without=set(_DETAILS) - allowed, when={"kind": kind})
        for kind, (needed, allowed) in _ALLOWED.items()
    )


class CodeSchema(ma.Schema):
    """The code that was texted."""

    code = fields.Str(required=True, metadata={"example": "482913", "pattern": "^[0-9]{6}$"})


class ProofSchema(ma.Schema):
    """The merchant's PIN."""

    pin = PinField(required=True, metadata={"example": examples.MERCHANT_PIN})


class DestinationReceiptSchema(ReceiptSchema):
    """What became of a destination; `destination` names it from then on."""

    destination = ReferenceField()
    shown = fields.Str(metadata={"example": "bank 01 5678"})
    state = fields.Str(metadata={"enum": list(STATES)})
    usable_from = fields.DateTime(allow_none=True, metadata={"example": None})


class DestinationSchema(ma.Schema):
    """A destination; of an account only the end is shown."""

    reference = ReferenceField(attribute="id")
    kind = fields.Str(metadata={"enum": list(KINDS)})
    shown = fields.Str(metadata={"example": "bank 01 5678"})
    name = fields.Str(metadata={"example": "Mercy Wambui"})
    state = fields.Str(metadata={"enum": list(STATES)})
    is_default = fields.Bool()
    added_at = fields.DateTime()
    usable_from = fields.DateTime(allow_none=True)


class DestinationsSchema(ma.Schema):
    """My destinations, in the order they were added."""

    items = fields.List(fields.Nested(DestinationSchema))


ADD: Final = Act(
    body=DestinationRequestSchema,
    roles=("merchant",),
    decide=change.decide_add,
    receipt=DestinationReceiptSchema,
)
CONFIRM: Final = Act(
    body=CodeSchema,
    roles=("merchant",),
    decide=change.decide_confirm,
    receipt=DestinationReceiptSchema,
)
REMOVE: Final = Act(
    body=ProofSchema,
    roles=("merchant",),
    decide=change.decide_remove,
    receipt=DestinationReceiptSchema,
)
MAKE_DEFAULT: Final = Act(
    body=ProofSchema,
    roles=("merchant",),
    decide=change.decide_make_default,
    receipt=DestinationReceiptSchema,
)


@blp.get("")
@requires("merchant")
@blp.response(200, DestinationsSchema)
def list_destinations() -> Mapping[str, tuple[DestinationView, ...]]:
    """See where your payouts may go"""
    return {
        "items": destinations_of(
            current_service().engine, caller().holder_id, current_service().clock.now()
        )
    }


@blp.act("", ADD, example=_EXAMPLE)
def create_destination(request: ActRequest) -> change.Add:
    """Add a destination: a code to confirm it is texted to you

    Once confirmed it can be used after its cooling-off time; your own wallet at once.
    """
    return change.Add(
        request.actor,
        request.key,
        request.body["pin"],
        _destination(
            request.body, to_phones=request.settings.section(DestinationSettings).to_phones
        ),
        OneTimeCode.draw(change.CODE_DIGITS),
    )


@blp.act("/<reference:destination_id>/confirmations", CONFIRM)
def create_confirmation(request: ActRequest) -> change.Confirm:
    """Confirm a destination with the code that was texted

    A code is good for ten minutes and five attempts. The first destination becomes the default.
    """
    code = OneTimeCode(request.body["code"])
    return change.Confirm(request.actor, request.key, request.id, code)


@blp.act("/<reference:destination_id>/removals", REMOVE)
def create_removal(request: ActRequest) -> change.Remove:
    """Remove a destination; what is on its way there still arrives"""
    return change.Remove(request.actor, request.key, request.body["pin"], request.id)


@blp.act("/<reference:destination_id>/defaults", MAKE_DEFAULT)
def create_default(request: ActRequest) -> change.MakeDefault:
    """Make a destination the one that payouts go to by themselves"""
    return change.MakeDefault(request.actor, request.key, request.body["pin"], request.id)


def _destination(body: Mapping[str, Any], *, to_phones: bool) -> Destination:
    """Return what the body describes. Raises `Refused` where kind and details do not fit."""
    kind, given = body["kind"], {name for name in _DETAILS if name in body}
    needed, allowed = _ALLOWED[kind]
    for name in sorted((needed - given) | (given - allowed)):
        expected = "needed" if name in needed else "not of this kind"
        raise Refused(Code.FORMAT_ERROR, field=name, expected=expected)
    match kind:
        case "bank":
            bank = body["bank"]
            return check_bank(Destination(bank["code"], bank["account"], bank["name"]))
        case "mobile":
            if not to_phones:
                raise Refused(Code.FORMAT_ERROR, field="kind", expected="no such network here")
            return Destination("", body["msisdn"], body.get("name", ""), kind)
        case "cash":
            agent = body.get("agent", "")
            if agent and not _AGENT.fullmatch(agent):
                raise Refused(Code.FORMAT_ERROR, field="agent", expected="an agent's number")
            return Destination("", agent, "", kind)
        case _:
            return Destination(kind="wallet")


ROUTES: Final = (blp,)
