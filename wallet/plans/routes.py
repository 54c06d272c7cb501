"""Prepaid plans: sold by merchants, paid out visit by visit as their customers confirm."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from flask import Response

from wallet.clock import id_of, reference
from wallet.errors import Code, Refused
from wallet.plans import plan, visit, visit_codes
from wallet.plans import reading as plan_reading
from wallet.plans import records as plans
from wallet.plans.schemas import (
    AskCodeSchema,
    MerchantPinSchema,
    NewPlanSchema,
    OnlyPinSchema,
    PlanQuerySchema,
    PlanReceiptSchema,
    PlanSchema,
    PlansSchema,
    PurchaseReceiptSchema,
    RedeemSchema,
    VisitCodeSchema,
    VisitReceiptSchema,
)
from wallet.qr.images import png, svg
from wallet.web.answers import receipt_answer
from wallet.web.auth import caller, idempotency_key, keyed, requires
from wallet.web.routing import Routes
from wallet.web.schemas import service

blp: Final = Routes("plans", "/v1", "Prepaid visits: bought at once, paid out one by one.")

_PAYLOAD: Final = re.compile(
    r"KIBUBU-VISIT:(?P<contract>[0-9A-Z]{12}):(?P<code>[0-9]{6})", re.ASCII
)
_DRAWN: Final = {"png": (png, "image/png"), "svg": (svg, "image/svg+xml")}


@blp.post("/plans")
@requires("merchant")
@keyed
@blp.arguments(NewPlanSchema)
@blp.response(201, PlanReceiptSchema)
def create_plan(body: Mapping[str, Any]) -> Response:
    """Offer a plan

    Each visit is worth the price divided by the visits, rounded down; the last takes the rest.
    """
    command = plan.Offer(
        caller().holder_id,
        idempotency_key(),
        body["pin"],
        body["name"],
        body["steps"],
        body["price"],
        body["period_days"],
    )
    return receipt_answer(service().poster.post(plan.decide_offer, command))


@blp.get("/plans")
@requires("consumer")
@blp.arguments(PlanQuerySchema, location="query")
@blp.response(200, PlansSchema)
def list_plans(query: Mapping[str, Any]) -> Mapping[str, Any]:
    """See which plans the merchant of a till sells"""
    return {"items": plan_reading.plans_at(service().engine, query["till"])}


@blp.get("/plans/<reference:plan_id>")
@requires("consumer")
@blp.response(200, PlanSchema)
def get_plan(plan_id: int) -> plans.Plan:
    """See one plan"""
    found = plan_reading.plan_of(service().engine, plan_id)
    if found is None:
        raise Refused(Code.PLAN_UNKNOWN)
    return found


@blp.post("/plans/<reference:plan_id>/withdrawals")
@requires("merchant")
@keyed
@blp.arguments(MerchantPinSchema)
@blp.response(201, PlanReceiptSchema)
def create_withdrawal(body: Mapping[str, Any], plan_id: int) -> Response:
    """Sell a plan of yours no longer

    What is sold goes on. To end that too, return it: POST /v1/contracts/{contract_id}/returns
    without an amount.
    """
    command = plan.Withdraw(caller().holder_id, idempotency_key(), body["pin"], plan_id)
    return receipt_answer(service().poster.post(plan.decide_withdraw, command))


@blp.post("/plans/<reference:plan_id>/purchases")
@requires("consumer")
@keyed
@blp.arguments(OnlyPinSchema)
@blp.response(201, PurchaseReceiptSchema)
def create_purchase(body: Mapping[str, Any], plan_id: int) -> Response:
    """Buy a plan

    The price is held, and paid out visit by visit as you confirm them. What is not used by the
    deadline comes back by itself.
    """
    command = plan.Buy(caller().holder_id, idempotency_key(), body["pin"], plan_id)
    return receipt_answer(service().poster.post(plan.decide_buy, command))


@blp.post("/contracts/<reference:contract_id>/visits")
@requires("consumer")
@keyed
@blp.arguments(OnlyPinSchema)
@blp.response(201, VisitReceiptSchema)
def create_visit(body: Mapping[str, Any], contract_id: int) -> Response:
    """Confirm a visit of a plan you bought, which pays for that visit"""
    command = visit.Command(caller().holder_id, idempotency_key(), body["pin"], contract_id)
    return receipt_answer(service().poster.post(visit.decide, command))


@blp.post("/contracts/<reference:contract_id>/visit-codes")
@requires("consumer")
@keyed
@blp.arguments(AskCodeSchema)
@blp.response(201, VisitCodeSchema)
def create_visit_code(body: Mapping[str, Any], contract_id: int) -> Response:
    """Have a code that confirms one visit, to tell or show to the merchant

    It is good once, for ten minutes and five tries. Asked again with the same key, it is the same.
    """
    parts, actor, key = service(), caller().holder_id, idempotency_key()
    secret = parts.settings.token_key
    code = visit_codes.visit_code(secret, actor, key)
    mac = visit_codes.code_mac(secret, contract_id, code)
    command = visit.AskCode(actor, key, body["pin"], contract_id, mac)
    receipt = parts.poster.post(visit.decide_ask_code, command)
    payload = f"KIBUBU-VISIT:{reference(contract_id)}:{code}"
    told = {"code": code, "qr": payload, "picture": _picture(payload, body.get("picture"))}
    return receipt_answer(replace(receipt, answer={**receipt.answer, **told}))


@blp.post("/visits")
@requires("merchant")
@keyed
@blp.arguments(
    RedeemSchema,
    example={"contract": "1QGDF9BM0K7J", "code": "482913"},
)
@blp.response(201, VisitReceiptSchema)
def redeem_visit(body: Mapping[str, Any]) -> Response:
    """Redeem a customer's code, which pays you for one visit"""
    parts, actor, key = service(), caller().holder_id, idempotency_key()
    secret = parts.settings.token_key
    contract_id, code = _scanned(body["qr"]) if "qr" in body else (body.get("contract"), None)
    code = code or body["code"]
    if contract_id is None:
        contract_id = plan_reading.contract_of_code(
            parts.engine, secret, actor, key, body["msisdn"], code, parts.clock.now()
        )
    if contract_id is None:
        raise Refused(Code.VISIT_CODE_EXPIRED)  # nobody learns here who is a customer
    mac = visit_codes.code_mac(secret, contract_id, code)
    command = visit.Redeem(actor, key, contract_id, mac)
    return receipt_answer(parts.poster.post(visit.decide_redeem, command))


def _picture(payload: str, kind: str | None) -> str | None:
    if kind is None:
        return None
    draw, media_type = _DRAWN[kind]
    return f"data:{media_type};base64,{b64encode(draw(payload)).decode()}"


def _scanned(payload: str) -> tuple[int, str]:
    found = _PAYLOAD.fullmatch(payload)
    contract_id = None if found is None else id_of(found["contract"])
    if found is None or contract_id is None:
        raise Refused(Code.QR_MALFORMED, field="qr")
    return contract_id, found["code"]
