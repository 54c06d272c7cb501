"""Only in development: what a phone's inbox shows. Anybody may read it, so production has none."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, abort, current_app, jsonify

from sms.inbox import inbox
from wallet.clock import reference
from wallet.errors import Refused
from wallet.numbers import parse_msisdn

NEWEST: Final = 50


def dev_blueprint() -> Blueprint:
    """Return the routes below `/dev`; they read `current_app.extensions["kibubu"]`."""
    blueprint = Blueprint("dev", __name__, url_prefix="/dev")
    blueprint.before_request(_only_in_development)
    blueprint.get("/inbox/<msisdn>")(show_inbox)
    return blueprint


def show_inbox(msisdn: str) -> Response:
    """The texts that a phone has received, oldest first."""
    kibubu = current_app.extensions["kibubu"]
    try:
        number = parse_msisdn(msisdn, kibubu.settings.market, kibubu.markets)
    except Refused:
        abort(404)
    return jsonify(
        [
            {
                "id": reference(text.id),
                "body": text.body,
                "state": text.state,
                "submitted_at": text.submitted_at.isoformat(),
            }
            for text in inbox(kibubu.engine, number, limit=NEWEST)
        ]
    )


def _only_in_development() -> None:
    if current_app.extensions["kibubu"].settings.environment != "development":
        abort(404)
