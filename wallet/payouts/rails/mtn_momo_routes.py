"""Callbacks of mobile-money networks: hints that something is decided, and never more than that."""

from __future__ import annotations

import logging
from typing import Final

from flask import Response, request

from wallet.errors import Refused
from wallet.gateways import has_token
from wallet.payouts.rails.mtn_momo import apply_callback
from wallet.payouts.rails.mtn_momo_settings import MomoSettings
from wallet.web.bodies import parse_object
from wallet.web.callbacks import NOT_YOU, TOKEN, refuse_unless, whole_body
from wallet.web.routing import Routes
from wallet.web.schemas import current_service

log = logging.getLogger(__name__)

blp: Final = Routes("mobile-money", "/callbacks", "What mobile-money networks call back.")

BODY: Final = {
    "description": "Whatever it is, it is answered the same.",
    "content": {
        "application/json": {
            "schema": {},
            "example": {"externalId": "1QGDF9BM0K7J", "status": "SUCCESSFUL"},
        }
    },
}


@blp.post("/mtn-momo")
@blp.doc(requestBody=BODY, parameters=[TOKEN], responses={"403": NOT_YOU})
@blp.response(204)
def take_mtn_callback() -> Response:
    """MTN MoMo tells of a transfer: it is asked about at once"""
    return _heed()


@blp.put("/mtn-momo")
@blp.doc(requestBody=BODY, parameters=[TOKEN], responses={"403": NOT_YOU})
@blp.response(204)
def put_mtn_callback() -> Response:
    """MTN MoMo tells of a transfer, by the other of its two methods"""
    return _heed()


def _heed() -> Response:
    """Answer the same whatever comes: MTN does not call twice, and a stranger learns nothing."""
    service = current_service()
    token = service.settings.section(MomoSettings).callback_token
    refuse_unless(has_token(request.query_string, token))
    try:
        told = parse_object(whole_body())
    except Refused as refusal:
        log.warning("a callback of MTN's was not understood: %s", refusal.code)
        told = {}
    apply_callback(service.engine, told, service.clock.now())
    return Response(status=204)
