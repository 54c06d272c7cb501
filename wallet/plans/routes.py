"""Prepaid plans: sold by merchants, paid out visit by visit as their customers confirm."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final

from wallet.clock import id_of, reference
from wallet.errors import Code, Refused
from wallet.ledger.poster import Receipt
from wallet.plans import plan, visit, visit_codes
from wallet.plans.reading import contract_of_code, plan_of, plans_at
from wallet.plans.records import Plan
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
from wallet.qr.emv import scanned
from wallet.qr.images import png, svg
from wallet.service import Service
from wallet.web.acts import Act, ActRequest
from wallet.web.auth import requires
from wallet.web.routing import Routes
from wallet.web.schemas import current_service

blp: Final = Routes("plans", "/v1", "Prepaid visits: bought at once, paid out one by one.")

_PAYLOAD: Final = re.compile(
    r"KIBUBU-VISIT:(?P<contract>[0-9A-Z]{12}):(?P<code>[0-9]{6})", re.ASCII
)
_DRAWN: Final = {"png": (png, "image/png"), "svg": (svg, "image/svg+xml")}


def shown_code(request: ActRequest, _: visit.AskCode, receipt: Receipt) -> Mapping[str, Any]:
    """Tell the code that was made, also as a payload to be scanned, and as a picture of it."""
    code = visit_codes.visit_code(request.settings.token_key, request.actor, request.key)
    payload = f"KIBUBU-VISIT:{reference(request.id)}:{code}"
    picture = _picture(payload, request.body.get("picture"))
    return {**receipt.answer, "code": code, "qr": payload, "picture": picture}


OFFER: Final = Act(
    body=NewPlanSchema, roles=("merchant",), decide=plan.decide_offer, receipt=PlanReceiptSchema
)
WITHDRAWAL: Final = Act(
    body=MerchantPinSchema,
    roles=("merchant",),
    decide=plan.decide_withdraw,
    receipt=PlanReceiptSchema,
)
PURCHASE: Final = Act(
    body=OnlyPinSchema, roles=("consumer",), decide=plan.decide_buy, receipt=PurchaseReceiptSchema
)
VISIT: Final = Act(
    body=OnlyPinSchema, roles=("consumer",), decide=visit.decide, receipt=VisitReceiptSchema
)
VISIT_CODE: Final = Act(
    body=AskCodeSchema,
    roles=("consumer",),
    decide=visit.decide_ask_code,
    receipt=VisitCodeSchema,
    tell=shown_code,
)
REDEEM: Final = Act(
    body=RedeemSchema, roles=("merchant",), decide=visit.decide_redeem, receipt=VisitReceiptSchema
)


@blp.act("/plans", OFFER)
def create_plan(request: ActRequest) -> plan.Offer:
    """Offer a plan

    Each visit is worth the price divided by the visits, rounded down; the last takes the rest.
    """
    body = request.body
    return plan.Offer(
        request.actor,
        request.key,
        body["pin"],
        body["name"],
        body["steps"],
        body["price"],
        body["period_days"],
    )


@blp.get("/plans")
@requires("consumer")
@blp.arguments(PlanQuerySchema, location="query")
@blp.response(200, PlansSchema)
def list_plans(query: Mapping[str, Any]) -> Mapping[str, Any]:
    """See which plans the merchant of a till sells"""
    return {"items": plans_at(current_service().engine, query["till"])}


@blp.get("/plans/<reference:plan_id>")
@requires("consumer")
@blp.response(200, PlanSchema)
def get_plan(plan_id: int) -> Plan:
    """See one plan"""
    found = plan_of(current_service().engine, plan_id)
    if found is None:
        raise Refused(Code.PLAN_UNKNOWN)
    return found


@blp.act("/plans/<reference:plan_id>/withdrawals", WITHDRAWAL)
def create_withdrawal(request: ActRequest) -> plan.Withdraw:
    """Sell a plan of yours no longer

    What is sold goes on. To end that too, return it: POST /v1/contracts/{contract_id}/returns
    without an amount.
    """
    return plan.Withdraw(request.actor, request.key, request.body["pin"], request.id)


@blp.act("/plans/<reference:plan_id>/purchases", PURCHASE)
def create_purchase(request: ActRequest) -> plan.Buy:
    """Buy a plan

    The price is held, and paid out visit by visit as you confirm them. What is not used by the
    deadline comes back by itself.
    """
    return plan.Buy(request.actor, request.key, request.body["pin"], request.id)


@blp.act("/contracts/<reference:contract_id>/visits", VISIT)
def create_visit(request: ActRequest) -> visit.Command:
    """Confirm a visit of a plan you bought, which pays for that visit"""
    return visit.Command(request.actor, request.key, request.body["pin"], request.id)


@blp.act("/contracts/<reference:contract_id>/visit-codes", VISIT_CODE)
def create_visit_code(request: ActRequest) -> visit.AskCode:
    """Have a code that confirms one visit, to tell or show to the merchant

    It is good once, for ten minutes and five tries. Asked again with the same key, it is the same.
    """
    secret = request.settings.token_key
    code = visit_codes.visit_code(secret, request.actor, request.key)
    mac = visit_codes.code_mac(secret, request.id, code)
    return visit.AskCode(request.actor, request.key, request.body["pin"], request.id, mac)


@blp.prepared_act("/visits", REDEEM, example={"contract": "1QGDF9BM0K7J", "code": "482913"})
def redeem_visit(request: ActRequest, service: Service) -> visit.Redeem:
    """Redeem a customer's code, which pays you for one visit"""
    body, actor, key, secret = request.body, request.actor, request.key, request.settings.token_key
    contract_id, code = _scanned(body["qr"]) if "qr" in body else (body.get("contract"), None)
    code = code or body["code"]
    if contract_id is None:
        contract_id = contract_of_code(
            service.engine, secret, actor, key, body["msisdn"], code, service.clock.now()
        )
    if contract_id is None:
        raise Refused(Code.VISIT_CODE_EXPIRED)  # nobody learns here who is a customer
    mac = visit_codes.code_mac(secret, contract_id, code)
    return visit.Redeem(actor, key, contract_id, mac)


def _picture(payload: str, kind: str | None) -> str | None:
    if kind is None:
        return None
    draw, media_type = _DRAWN[kind]
    return f"data:{media_type};base64,{b64encode(draw(payload)).decode()}"


def _scanned(payload: str) -> tuple[int, str]:
    found = _PAYLOAD.fullmatch(scanned(payload))
    contract_id = None if found is None else id_of(found["contract"])
    if found is None or contract_id is None:
        raise Refused(Code.QR_MALFORMED, field="qr")
    return contract_id, found["code"]


ROUTES: Final = (blp,)
