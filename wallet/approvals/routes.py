"""Approvals: what one of the operator's staff asked for, another approves or declines."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import marshmallow as ma
from marshmallow import fields, validate

from wallet.approvals.approve import Approvable, Approve, Decline, decide_decline
from wallet.approvals.records import Approvals, ApprovalView, approval_of, approvals
from wallet.ledger.facts import Facts
from wallet.ledger.posting import Decision
from wallet.rooms import brought
from wallet.service import Service
from wallet.web.acts import Act, ActRequest
from wallet.web.auth import requires
from wallet.web.pages import PageQuerySchema, PageSchema
from wallet.web.receipts import ReceiptSchema
from wallet.web.routing import Routes
from wallet.web.schemas import ReferenceField, current_service

blp: Final = Routes("approvals", "/v1/approvals", "Four eyes: one asks, another approves.")

STATES: Final = ("waiting", "approved", "declined", "lapsed")
_ARGUMENTS: Final = {"original_id": "1QGDF9BM0K7J", "reason": "Sent to a wrong number"}


class ApprovalSchema(ma.Schema):
    """What was asked for, by whom, and what became of it."""

    reference = ReferenceField(attribute="approval.id")
    act = fields.Str(attribute="approval.kind", metadata={"example": "reverse"})
    arguments = fields.Dict(attribute="approval.arguments", metadata={"example": _ARGUMENTS})
    reason = fields.Str(attribute="approval.reason", metadata={"example": "Sent to a wrong number"})
    state = fields.Str(attribute="approval.state", metadata={"enum": list(STATES)})
    asked_by = fields.Str(metadata={"example": "Neema Mushi"})
    asked_at = fields.DateTime(attribute="approval.asked_at")
    expires_at = fields.DateTime(attribute="approval.expires_at")
    decided_by = fields.Str(allow_none=True, metadata={"example": "Otieno Ouma"})
    decided_at = fields.DateTime(attribute="approval.decided_at", allow_none=True)
    decline_reason = fields.Str(attribute="approval.decline_reason", allow_none=True)
    posting = ReferenceField(attribute="approval.posting_id", allow_none=True)


class ApprovalPageSchema(PageSchema):
    """Approvals, newest first."""

    items = fields.List(fields.Nested(ApprovalSchema))


class ApprovalQuerySchema(PageQuerySchema):
    """Which approvals."""

    state = fields.Str(
        validate=validate.OneOf(STATES),
        metadata={"description": "Only those in this state; without it, all."},
    )


class NothingSchema(ma.Schema):
    """An object without fields: nothing needs to be said."""


class ReasonSchema(ma.Schema):
    """Why."""

    reason = fields.Str(
        required=True,
        validate=validate.Length(1, 140),
        metadata={"example": "The receiver says it was meant for them"},
    )


class WaitingReceiptSchema(ReceiptSchema):
    """What waits for a second pair of eyes. What can do without is done, and answered as such."""

    approval = ReferenceField()
    approval_state = fields.Str(metadata={"enum": list(STATES)})
    act = fields.Str(metadata={"example": "reverse"})
    expires_at = fields.DateTime(metadata={"example": "2026-01-08T09:00:00+00:00"})


class ApprovedReceiptSchema(ReceiptSchema):
    """What was done, with what its own kind tells, or why it will not be."""

    class Meta:
        unknown = ma.INCLUDE

    approval = ReferenceField()
    approval_state = fields.Str(metadata={"enum": list(STATES)})


@cache
def approvable() -> Mapping[str, Approvable]:
    """Return what may be asked for, by the kind that its approval is stored under."""
    return {each.command.KIND: each for each in brought("approvable", "APPROVABLE")}


def decide_approve(command: Approve, facts: Facts) -> Decision:
    """Return what the approved flow decides, or raise why it may not be."""
    return approvable()[command.inner.KIND].decide_approve(command, facts)


APPROVE: Final = Act(
    body=NothingSchema, roles=("operator",), decide=decide_approve, receipt=ApprovedReceiptSchema
)
DECLINE: Final = Act(
    body=ReasonSchema, roles=("operator",), decide=decide_decline, receipt=ApprovedReceiptSchema
)


@blp.get("")
@requires("operator")
@blp.arguments(ApprovalQuerySchema, location="query")
@blp.response(200, ApprovalPageSchema)
def list_approvals(query: Mapping[str, Any]) -> Approvals:
    """See what waits for approval, and what was decided, newest first"""
    return approvals(
        current_service().engine,
        current_service().clock.now(),
        state=query.get("state"),
        before=query.get("before"),
        limit=query["limit"],
    )


@blp.get("/<reference:approval_id>")
@requires("operator")
@blp.response(200, ApprovalSchema)
def get_approval(approval_id: int) -> ApprovalView:
    """See one approval"""
    return _found(current_service(), approval_id)


@blp.prepared_act("/<reference:approval_id>/approvals", APPROVE, example={})
def create_approval(request: ActRequest, service: Service) -> Approve:
    """Approve what another asked for: it is done at once

    What has changed since may forbid it: then the refusal says why, and it goes on waiting.
    """
    found = _found(service, request.id).approval
    return approvable()[found.kind].approve(found, request.actor, request.key)


@blp.act("/<reference:approval_id>/declines", DECLINE)
def create_decline(request: ActRequest) -> Decline:
    """Decline what was asked for; who asked may thus withdraw it"""
    return Decline(request.actor, request.key, request.id, request.body["reason"])


def _found(service: Service, approval_id: int) -> ApprovalView:
    return approval_of(service.engine, approval_id, service.clock.now())


ROUTES: Final = (blp,)
