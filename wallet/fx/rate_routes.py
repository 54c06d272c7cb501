"""Reference rates, around which makers' prices must lie: set by the operator's staff."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any, Final

import marshmallow as ma
from marshmallow import fields, validate

from wallet.errors import Code, Refused
from wallet.fx.rates import RATE_PATTERN, ReferenceRate, parse_rate, set_rate
from wallet.web.auth import requires
from wallet.web.routing import Routes
from wallet.web.schemas import current_service

blp: Final = Routes("rates", "/v1/rates", "Reference rates, around which prices must lie.")


class RateSchema(ma.Schema):
    """What one of the base currency is worth in the quoted one, as of when, and who says so."""

    mid = fields.Raw(
        required=True,
        metadata={"type": "string", "pattern": RATE_PATTERN, "example": "129.05"},
    )
    source = fields.Str(
        required=True,
        validate=validate.Length(1, 80),
        metadata={"example": "Central Bank of Kenya"},
    )
    as_of = fields.AwareDateTime(
        required=True, format="iso", metadata={"example": "2026-01-05T09:00:00+00:00"}
    )


@blp.put("/<base>-<quoted>")
@requires("operator")
@blp.arguments(RateSchema)
@blp.response(204)
def set_reference_rate(body: Mapping[str, Any], base: str, quoted: str) -> None:
    """Set a reference rate, around which makers' prices must lie"""
    service = current_service()
    try:
        as_of = body["as_of"].astimezone(UTC)
    except OverflowError as error:  # the edge of the calendar, seen from another zone
        raise Refused(Code.FORMAT_ERROR, field="as_of") from error
    rate = ReferenceRate(base, quoted, parse_rate(body["mid"], "mid"), body["source"], as_of)
    set_rate(service.engine, rate, service.clock.now())
