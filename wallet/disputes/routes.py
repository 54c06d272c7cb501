"""Disputes: raised by the payer, answered in turn, agreed, or decided by the operator's staff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask import Response

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
from wallet.web.answers import receipt_answer
from wallet.web.auth import caller, idempotency_key, keyed, requires
from wallet.web.pages import PageQuerySchema
from wallet.web.routing import Routes
from wallet.web.schemas import service

blp: Final = Routes("disputes", "/v1", "A part of a held payment that the two do not agree about.")


@blp.post("/contracts/<reference:contract_id>/disputes")
@requires("consumer")
@keyed
@blp.arguments(NewDisputeSchema)
@blp.response(201, DisputeReceiptSchema)
def create_dispute(body: Mapping[str, Any], contract_id: int) -> Response:
    """Dispute a part of what is held, as its payer

    Before the deadline. That part freezes; the rest keeps its course. If the payee does not
    answer in time, the part comes back.
    """
    command = dispute.Command(
        actor=caller().holder_id,
        key=idempotency_key(),
        pin=body["pin"],
        contract_id=contract_id,
        reason_code=body["reason_code"],
        amount=body.get("amount"),
        text=body.get("text"),
        attachments=tuple(body.get("attachments", ())),
    )
    return receipt_answer(service().poster.post(dispute.decide, command))


@blp.get("/contracts/<reference:contract_id>/disputes")
@requires("consumer", "operator")
@blp.response(200, DisputeListSchema)
def list_disputes(contract_id: int) -> Mapping[str, Sequence[DisputeView]]:
    """List a contract's disputes, newest first"""
    parts = service()
    found = see_disputes_of(parts.engine, parts.poster, parts.clock.now(), _reader(), contract_id)
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
    parts = service()
    found = see_timeline(parts.engine, parts.poster, parts.clock.now(), _reader(), contract_id)
    if found is None:
        raise Refused(Code.CONTRACT_UNKNOWN)
    return {"items": found}


@blp.get("/disputes")
@requires("operator")
@blp.arguments(PageQuerySchema, location="query")
@blp.response(200, DisputePageSchema)
def list_escalated(query: Mapping[str, Any]) -> Disputes:
    """List the disputes that wait for a decision"""
    parts = service()
    return see_escalated(
        parts.engine, parts.poster, parts.clock.now(), query.get("before"), query["limit"]
    )


@blp.get("/disputes/<reference:dispute_id>")
@requires("consumer", "operator")
@blp.response(200, DisputeSchema)
def get_dispute(dispute_id: int) -> DisputeView:
    """Show a dispute to its parties and to the operator's staff"""
    return _seen(dispute_id, _reader())


@blp.post("/disputes/<reference:dispute_id>/answers")
@requires("consumer")
@keyed
@blp.arguments(DisputeAnswerSchema, examples=ANSWER_EXAMPLES)
@blp.response(201, DisputeSplitReceiptSchema)
def create_answer(body: Mapping[str, Any], dispute_id: int) -> Response:
    """Answer a dispute: concede, contest or propose

    The payee first; then the payer contests or proposes. After that either may propose until the
    period ends. What the payee concedes returns at once, and the remainder counts as contested.
    """
    who, key = caller().holder_id, idempotency_key()
    command = answer.Command(
        actor=who,
        key=key,
        pin=body["pin"],
        contract_id=_seen(dispute_id, who).dispute.contract_id,
        dispute_id=dispute_id,
        act=body["act"],
        amount=body.get("amount"),
        to_payee=body.get("to_payee"),
        to_payer=body.get("to_payer"),
        text=body.get("text"),
        attachments=tuple(body.get("attachments", ())),
    )
    return receipt_answer(service().poster.post(answer.decide, command))


@blp.post("/disputes/<reference:dispute_id>/acceptances")
@requires("consumer")
@keyed
@blp.arguments(DisputeAcceptanceSchema, example=ACCEPTANCE_EXAMPLE)
@blp.response(201, DisputeSplitReceiptSchema)
def create_acceptance(body: Mapping[str, Any], dispute_id: int) -> Response:
    """Accept the split that the other side proposes

    The money moves at once, both ways. It is refused where the proposal is no longer this one.
    """
    who, key = caller().holder_id, idempotency_key()
    command = accept.Command(
        actor=who,
        key=key,
        pin=body["pin"],
        contract_id=_seen(dispute_id, who).dispute.contract_id,
        dispute_id=dispute_id,
        to_payee=body.get("to_payee"),
        to_payer=body.get("to_payer"),
    )
    return receipt_answer(service().poster.post(accept.decide, command))


@blp.post("/disputes/<reference:dispute_id>/decisions")
@requires("operator")
@keyed
@blp.arguments(DisputeDecisionSchema)
@blp.response(201, DisputeDecisionReceiptSchema)
def create_decision(body: Mapping[str, Any], dispute_id: int) -> Response:
    """Decide a dispute on which the two did not agree

    Above the market's amount it waits until another operator approves. Who does nothing in time
    leaves it to the market's default.
    """
    who, key = caller().holder_id, idempotency_key()
    command = split.Command(
        actor=who,
        key=key,
        contract_id=_seen(dispute_id, None).dispute.contract_id,
        dispute_id=dispute_id,
        to_payee=body.get("to_payee"),
        to_payer=body.get("to_payer"),
        reason=body["reason"],
    )
    return receipt_answer(
        service().poster.post(split.APPROVABLE.decide_ask, Ask(who, key, command, body["reason"]))
    )


def _reader() -> int | None:
    """Return who reads: the operator's staff see every dispute, others their own."""
    return None if "operator" in caller().roles else caller().holder_id


def _seen(dispute_id: int, holder_id: int | None) -> DisputeView:
    """Return a dispute once silence has been heeded, so that nobody acts on what is over."""
    parts = service()
    found = see_dispute(parts.engine, parts.poster, parts.clock.now(), holder_id, dispute_id)
    if found is None:
        raise Refused(Code.DISPUTE_UNKNOWN)
    return found
