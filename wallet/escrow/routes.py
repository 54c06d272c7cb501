"""Contracts: payments held between a payer and a payee, each of whom can act for the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
from marshmallow import fields, validate

from wallet.contracts.periods import LONGEST_DAYS
from wallet.contracts.reading import Contracts, ContractView
from wallet.contracts.schemas import HeldReceiptSchema
from wallet.errors import Code, Refused
from wallet.escrow import decline, extend, give_back, offer_routes, payment_routes, release
from wallet.escrow.reading import see_contract, see_contracts
from wallet.numbers import local_number
from wallet.web import examples
from wallet.web.acts import Act, ActRequest
from wallet.web.auth import caller, requires
from wallet.web.pages import PageQuerySchema, PageSchema
from wallet.web.receipts import ReceiptSchema
from wallet.web.routing import Routes
from wallet.web.schemas import AmountField, PinField, ReferenceField, current_service
from wallet.web.together import shape

blp: Final = Routes("contracts", "/v1/contracts", "Payments held until their deadline.")


def payee_shown(view: ContractView) -> str:
    """Return how the payer knows the payee: nobody's name is known until they register."""
    return view.payee_name or local_number(view.contract.payee_msisdn or "")


class ContractSchema(ma.Schema):
    """A held payment. released + returned + held is always the amount."""

    reference = ReferenceField(attribute="contract.id")
    state = fields.Function(
        lambda view: "open" if view.contract.closed_at is None else "closed",
        metadata={"type": "string", "enum": ["open", "closed"]},
    )
    payer = fields.Str(attribute="payer_name", metadata={"example": "Amina Odhiambo"})
    payee = fields.Function(
        payee_shown,
        metadata={
            "type": "string",
            "example": "Duka la Juma",
            "description": "Of a claim that waits: the number that the money was sent to.",
        },
    )
    origin = fields.Str(
        attribute="contract.origin",
        metadata={"enum": ["payment", "offer", "claim", "plan"], "example": "payment"},
    )
    description = fields.Str(
        attribute="contract.description", allow_none=True, metadata={"example": None}
    )
    steps = fields.Int(
        attribute="contract.steps",
        allow_none=True,
        metadata={"example": None, "description": "Of a prepaid plan: the visits paid for."},
    )
    steps_done = fields.Int(
        attribute="contract.steps_done", allow_none=True, metadata={"example": None}
    )
    till = fields.Str(
        attribute="contract.till", allow_none=True, metadata={"example": examples.TILL}
    )
    amount = AmountField(attribute="contract.amount")
    released = AmountField(attribute="contract.released_amount")
    returned = AmountField(attribute="contract.returned_amount")
    held = AmountField(attribute="contract.held")
    disputed = AmountField(
        attribute="contract.disputed", metadata={"description": "The frozen part of what is held."}
    )
    opened_at = fields.DateTime(attribute="contract.opened_at")
    deadline_at = fields.DateTime(attribute="contract.deadline_at")
    at_deadline = fields.Str(
        attribute="contract.at_deadline",
        metadata={
            "enum": ["release", "return"],
            "description": "Whose the undisputed rest is at the deadline, by itself.",
        },
    )
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
    """Releases or returns held money. Without an amount, all of it. It cannot be undone.

    What is disputed moves only where its dispute is named.
    """

    amount = AmountField()
    dispute = ReferenceField()
    pin = PinField(required=True)


class DeclineSchema(ma.Schema):
    """Declines an offer: all that is left of it returns."""

    pin = PinField(required=True)


class ExtensionSchema(ma.Schema):
    """Puts a deadline off, either to a moment or by so many days."""

    deadline_at = fields.AwareDateTime(
        format="iso",
        metadata={"description": "Later than now; at most 90 days after the contract was opened."},
    )
    days = fields.Int(
        strict=True,
        metadata={
            "minimum": 1,
            "maximum": LONGEST_DAYS,
            "example": 3,
            "description": "Days of the payee's calendar, added to the present deadline.",
        },
    )
    pin = PinField(required=True)

    TOGETHER: Final = (
        shape("days", without=("deadline_at",)),
        shape("deadline_at", without=("days",)),
    )

    @ma.validates_schema
    def check_one(self, data: Mapping[str, Any], **_: object) -> None:
        """Refuse both, and neither."""
        if ("deadline_at" in data) == ("days" in data):
            raise ma.ValidationError("Either deadline_at or days.", "days")


class ExtensionReceiptSchema(ReceiptSchema):
    """A deadline that was put off."""

    contract = ReferenceField()
    deadline_before = fields.DateTime(metadata={"example": "2026-01-06T09:00:00+00:00"})
    deadline_at = fields.DateTime(metadata={"example": "2026-01-09T09:00:00+00:00"})


@blp.get("")
@requires("consumer")
@blp.arguments(ContractQuerySchema, location="query")
@blp.response(200, ContractPageSchema)
def list_contracts(query: Mapping[str, Any]) -> Contracts:
    """List my held payments, made and taken, newest first."""
    service = current_service()
    return see_contracts(
        service.engine,
        service.poster,
        service.clock.now(),
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
    service = current_service()
    found = see_contract(
        service.engine, service.poster, service.clock.now(), caller().holder_id, contract_id
    )
    if found is None:
        raise Refused(Code.CONTRACT_UNKNOWN)
    return found


RELEASE: Final = Act(
    body=ActSchema, roles=("consumer",), decide=release.decide, receipt=HeldReceiptSchema
)
RETURN: Final = Act(
    body=ActSchema, roles=("consumer",), decide=give_back.decide, receipt=HeldReceiptSchema
)
DECLINE: Final = Act(
    body=DeclineSchema, roles=("consumer",), decide=decline.decide, receipt=HeldReceiptSchema
)
EXTENSION: Final = Act(
    body=ExtensionSchema, roles=("consumer",), decide=extend.decide, receipt=ExtensionReceiptSchema
)


@blp.act("/<reference:contract_id>/releases", RELEASE, example={"pin": examples.CUSTOMER_PIN})
def create_release(request: ActRequest) -> release.Command:
    """Release held money to the payee, as its payer.

    In whole or in part, as often as there is something held. The payee has it at once.
    """
    body = request.body
    return release.Command(
        request.actor, request.key, body["pin"], request.id, body.get("amount"), body.get("dispute")
    )


@blp.act("/<reference:contract_id>/returns", RETURN, example={"pin": examples.MERCHANT_PIN})
def create_return(request: ActRequest) -> give_back.Command:
    """Return held money to the payer, as its payee.

    In whole or in part, before the deadline. The payer has it at once, and pays nothing for it.
    """
    body = request.body
    return give_back.Command(
        request.actor, request.key, body["pin"], request.id, body.get("amount"), body.get("dispute")
    )


@blp.act("/<reference:contract_id>/declines", DECLINE, example={"pin": examples.RECEIVER_PIN})
def create_decline(request: ActRequest) -> decline.Command:
    """Decline an offer, as its payee.

    All that is left of it returns to the payer at once; before the deadline.
    """
    return decline.Command(request.actor, request.key, request.body["pin"], request.id)


@blp.act(
    "/<reference:contract_id>/extensions",
    EXTENSION,
    example={"days": 3, "pin": examples.MERCHANT_PIN},
)
def create_extension(request: ActRequest) -> extend.Command:
    """Put the deadline off, as the payee.

    The payer has more time to look and to object; before the deadline.
    """
    body = request.body
    return extend.Command(
        request.actor,
        request.key,
        body["pin"],
        request.id,
        body.get("deadline_at"),
        body.get("days"),
    )


ROUTES: Final = (payment_routes.blp, blp, offer_routes.blp)
