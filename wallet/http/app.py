"""The web application: every blueprint, one shape of errors, one document."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from flask import Flask
from werkzeug.routing import BaseConverter, ValidationError

from sms.http import sms_blueprint
from wallet.clock import id_of, reference
from wallet.http import (
    cash_ins,
    contracts,
    docs,
    health,
    holders,
    merchants,
    metrics,
    operators,
    payments,
    payouts,
    pins,
    prices,
    qr_codes,
    quotes,
    registrations,
    sends,
    sign_ins,
    tokens,
    transactions,
    wallets,
)
from wallet.http.answers import FastJson
from wallet.http.auth import TOKENS
from wallet.http.bodies import MAX_BYTES
from wallet.http.dev import dev_blueprint
from wallet.http.errors import ProblemApi
from wallet.http.routing import Routes
from wallet.people.tokens import AccessTokens
from wallet.service import Service

BLUEPRINTS: Final[tuple[Routes, ...]] = (
    registrations.blp,
    sign_ins.blp,
    tokens.blp,
    holders.blp,
    pins.blp,
    sends.blp,
    payments.blp,
    contracts.blp,
    cash_ins.blp,
    wallets.blp,
    transactions.blp,
    qr_codes.blp,
    quotes.blp,
    payouts.blp,
    prices.blp,
    merchants.blp,
    operators.blp,
    health.blp,
    metrics.blp,
)
"""All of our own API, in the order of the document."""


class ReferenceConverter(BaseConverter):
    """`<reference:contract_id>` in a route: 12 letters and digits become an id."""

    regex = "[0-9A-Za-z]{12}"

    def to_python(self, value: str) -> int:
        found = id_of(value)
        if found is None:
            raise ValidationError
        return found

    def to_url(self, value: int) -> str:
        return reference(value)


def create_app(service: Service) -> Flask:
    """Return the application that serves `service` over HTTP."""
    app = Flask("kibubu", static_folder=None)
    app.config.update(docs.CONFIG, MAX_CONTENT_LENGTH=MAX_BYTES)
    app.json = FastJson(app)
    app.extensions["kibubu"] = service
    app.extensions[TOKENS] = AccessTokens(service.settings.token_key, service.clock)
    app.url_map.converters["reference"] = ReferenceConverter
    api = ProblemApi(app)
    api.register_converter(ReferenceConverter, _reference_parameter)
    docs.add_docs(app, api)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    _register_gateways(app)
    if service.settings.environment == "development":
        app.register_blueprint(dev_blueprint())
    docs.describe_forms(app, api)
    metrics.measure(app, service.poster)
    return app


def _register_gateways(app: Flask) -> None:
    """The callbacks of SMS and USSD gateways: their forms, no part of our own API."""
    app.register_blueprint(sms_blueprint())
    if find_spec("ussd") and find_spec("ussd.http"):
        app.register_blueprint(import_module("ussd.http").ussd_blueprint())


def _reference_parameter(_: BaseConverter) -> dict[str, Any]:
    return {"type": "string", "pattern": "^[0-9A-HJKMNP-TV-Z]{12}$", "example": "1QGDF9BM0K7J"}
