"""Disputes: raised by the payer, answered in turn, agreed, or decided by the operator's staff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from wallet.approvals.approve import Ask
from wallet.disputes import accept, answer, dispute, split
from wallet.disputes.reading import (
    Disputes,
    DisputeView,
    see_dispute,
    see_disputes_of,
    see_escalated,
    see_timeline,
)
from wallet.disputes.schemas import (
    ACCEPTANCE_EXAMPLE,
    ANSWER_EXAMPLES,
    DisputeAcceptanceSchema,
    DisputeAnswerSchema,
    DisputeDecisionReceiptSchema,
    DisputeDecisionSchema,
    DisputeListSchema,
    DisputePageSchema,
    DisputeReceiptSchema,
    DisputeSchema,
    DisputeSplitReceiptSchema,
    NewDisputeSchema,
    TimelineSchema,
)
from wallet.errors import Code, Refused
from wallet.service import Service
from wallet.web.acts import Act, ActRequest
from wallet.web.auth import caller, requires
from wallet.web.pages import PageQuerySchema
from wallet.web.routing import Routes
from wallet.web.schemas import current_service

blp: Final = Routes("disputes", "/v1", "A part of a held payment that the two do not agree about.")


DISPUTE: Final = Act(
    body=NewDisputeSchema, roles=("consumer",), decide=dispute.decide, receipt=DisputeReceiptSchema
)
ANSWER: Final = Act(
    body=DisputeAnswerSchema,
    roles=("consumer",),
    decide=answer.decide,
    receipt=DisputeSplitReceiptSchema,
)
ACCEPTANCE: Final = Act(
    body=DisputeAcceptanceSchema,
    roles=("consumer",),
    decide=accept.decide,
    receipt=DisputeSplitReceiptSchema,
)
DECISION: Final = Act(
    body=DisputeDecisionSchema,
    roles=("operator",),
    decide=split.APPROVABLE.decide_ask,
    receipt=DisputeDecisionReceiptSchema,
)


@blp.act("/contracts/<reference:contract_id>/disputes", DISPUTE)
def create_dispute(request: ActRequest) -> dispute.Command:
    """Dispute a part of what is held, as its payer

    Before the deadline. That part freezes; the rest keeps its course. If the payee does not
    answer in time, the part comes back.
    """
    body = request.body
    return dispute.Command(
        actor=request.actor,
        key=request.key,
        pin=body["pin"],
        contract_id=request.id,
        reason_code=body["reason_code"],
        amount=body.get("amount"),
        text=body.get("text"),
        attachments=tuple(body.get("attachments", ())),
    )


@blp.get("/contracts/<reference:contract_id>/disputes")
@requires("consumer", "operator")
@blp.response(200, DisputeListSchema)
def list_disputes(contract_id: int) -> Mapping[str, Sequence[DisputeView]]:
    """List a contract's disputes, newest first"""
    service = current_service()
    found = see_disputes_of(
        service.engine, service.poster, service.clock.now(), _reader(), contract_id
    )
    if found is None:
        raise Refused(Code.CONTRACT_UNKNOWN)
    return {"items": found}


@blp.get("/contracts/<reference:contract_id>/timeline")
@requires("consumer", "operator")
@blp.response(200, TimelineSchema)
def get_timeline(contract_id: int) -> Mapping[str, Any]:
    """Show who did what when with a contract

    For its two parties, and for the operator's staff, who may have to decide by it.
    """
    service = current_service()
    found = see_timeline(
        service.engine, service.poster, service.clock.now(), _reader(), contract_id
    )
    if found is None:
        raise Refused(Code.CONTRACT_UNKNOWN)
    return {"items": found}


@blp.get("/disputes")
@requires("operator")
@blp.arguments(PageQuerySchema, location="query")
@blp.response(200, DisputePageSchema)
def list_escalated(query: Mapping[str, Any]) -> Disputes:
    """List the disputes that wait for a decision"""
    service = current_service()
    return see_escalated(
        service.engine, service.poster, service.clock.now(), query.get("before"), query["limit"]
    )


@blp.get("/disputes/<reference:dispute_id>")
@requires("consumer", "operator")
@blp.response(200, DisputeSchema)
def get_dispute(dispute_id: int) -> DisputeView:
    """Show a dispute to its parties and to the operator's staff"""
    return _seen(current_service(), dispute_id, _reader())


@blp.prepared_act("/disputes/<reference:dispute_id>/answers", ANSWER, examples=ANSWER_EXAMPLES)
def create_answer(request: ActRequest, service: Service) -> answer.Command:
    """Answer a dispute: concede, contest or propose

    The payee first; then the payer contests or proposes. After that either may propose until the
    period ends. What the payee concedes returns at once, and the remainder counts as contested.
    """
    body = request.body
    return answer.Command(
        actor=request.actor,
        key=request.key,
        pin=body["pin"],
        contract_id=_seen(service, request.id, request.actor).dispute.contract_id,
        dispute_id=request.id,
        act=body["act"],
        amount=body.get("amount"),
        to_payee=body.get("to_payee"),
        to_payer=body.get("to_payer"),
        text=body.get("text"),
        attachments=tuple(body.get("attachments", ())),
    )


@blp.prepared_act(
    "/disputes/<reference:dispute_id>/acceptances", ACCEPTANCE, example=ACCEPTANCE_EXAMPLE
)
def create_acceptance(request: ActRequest, service: Service) -> accept.Command:
    """Accept the split that the other side proposes

    The money moves at once, both ways. It is refused where the proposal is no longer this one.
    """
    body = request.body
    return accept.Command(
        actor=request.actor,
        key=request.key,
        pin=body["pin"],
        contract_id=_seen(service, request.id, request.actor).dispute.contract_id,
        dispute_id=request.id,
        to_payee=body.get("to_payee"),
        to_payer=body.get("to_payer"),
    )


@blp.prepared_act("/disputes/<reference:dispute_id>/decisions", DECISION)
def create_decision(request: ActRequest, service: Service) -> Ask:
    """Decide a dispute on which the two did not agree

    Above the market's amount it waits until another operator approves. Who does nothing in time
    leaves it to the market's default.
    """
    body = request.body
    command = split.Command(
        actor=request.actor,
        key=request.key,
        contract_id=_seen(service, request.id, None).dispute.contract_id,
        dispute_id=request.id,
        to_payee=body.get("to_payee"),
        to_payer=body.get("to_payer"),
        reason=body["reason"],
    )
    return Ask(request.actor, request.key, command, body["reason"])


def _reader() -> int | None:
    """Return who reads: the operator's staff see every dispute, others their own."""
    return None if "operator" in caller().roles else caller().holder_id


def _seen(service: Service, dispute_id: int, holder_id: int | None) -> DisputeView:
    """Return a dispute once silence has been heeded, so that nobody acts on what is over."""
    found = see_dispute(service.engine, service.poster, service.clock.now(), holder_id, dispute_id)
    if found is None:
        raise Refused(Code.DISPUTE_UNKNOWN)
    return found


ROUTES: Final = (blp,)
