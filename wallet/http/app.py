"""The web application: every blueprint, one shape of errors, one document."""

from __future__ import annotations

from typing import Any, Final

from flask import Flask
from werkzeug.routing import BaseConverter, ValidationError

from sms.http import sms_blueprint
from ussd.http import FORM_BYTES, MACHINE, hop_handler, ussd_blueprint
from wallet.bulk import lists
from wallet.clock import id_of, reference
from wallet.escrow.iso20022 import documents
from wallet.flows import pay, send
from wallet.http import (
    agreements,
    approvals,
    bank,
    bulks,
    cash_collections,
    cash_ins,
    contracts,
    destinations,
    disputes,
    docs,
    health,
    holders,
    merchants,
    metrics,
    mobile_money,
    operators,
    payments,
    payout_batches,
    payouts,
    pins,
    plans,
    prices,
    pricings,
    qr_codes,
    quotes,
    refunds,
    registrations,
    reversals,
    sends,
    settlements,
    sign_ins,
    tokens,
    trade,
    transactions,
    wallets,
)
from wallet.http.answers import FastJson
from wallet.http.auth import TOKENS
from wallet.http.bodies import MAX_BYTES
from wallet.http.dev import dev_blueprint
from wallet.http.errors import ProblemApi
from wallet.http.hot import HotRoutes, posting
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
    disputes.blp,
    agreements.blp,
    plans.blp,
    trade.blp,
    cash_ins.blp,
    wallets.blp,
    transactions.blp,
    qr_codes.blp,
    quotes.blp,
    refunds.blp,
    payouts.blp,
    destinations.blp,
    cash_collections.blp,
    payout_batches.blp,
    bank.blp,
    mobile_money.blp,
    bulks.blp,
    prices.blp,
    merchants.blp,
    pricings.blp,
    settlements.blp,
    operators.blp,
    reversals.blp,
    approvals.blp,
    health.blp,
    metrics.blp,
)
"""All of our own API, in the order of the document."""


LONG_BODIES: Final = {
    "/ussd/africastalking": FORM_BYTES,
    "/ussd/africastalking/ended": FORM_BYTES,
    "/sms/africastalking/inbound": FORM_BYTES,
    "/sms/africastalking/report": FORM_BYTES,
    "/v1/bulks": lists.MAX_BYTES,
    "/v1/bank/files": documents.MAX_BYTES,
}
"""Which paths' bodies may be longer than MAX_BYTES; their routes say so too."""


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
    work_with(app, service)
    app.url_map.converters["reference"] = ReferenceConverter
    api = ProblemApi(app)
    api.register_converter(ReferenceConverter, _reference_parameter)
    docs.add_docs(app, api)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    app.register_blueprint(sms_blueprint())
    app.register_blueprint(ussd_blueprint())
    if service.settings.environment == "development":
        app.register_blueprint(dev_blueprint())
    docs.describe_forms(app, api)
    metrics.measure(app)
    return app


def on_loop(app: Flask) -> HotRoutes:
    """Return what the web server calls: a few routes on its event loop, `app` for all else."""
    handlers = {
        "/v1/sends": posting(app, TOKENS, sends.read_send, send.decide, sends.QUOTES),
        "/v1/payments": posting(app, TOKENS, payments.read_payment, pay.decide, payments.QUOTES),
        "/ussd/africastalking": hop_handler(app),
    }
    threads = app.extensions["kibubu"].settings.web_threads
    return HotRoutes(app, handlers, LONG_BODIES, threads)


def work_with(app: Flask, service: Service) -> None:
    """Let `app` serve `service`. Tests give one application one service after another."""
    app.extensions["kibubu"] = service
    app.extensions.pop(MACHINE, None)
    app.extensions[TOKENS] = AccessTokens(service.settings.token_key, service.clock)
    service.poster.observe = metrics.batch_posted


def _reference_parameter(_: BaseConverter) -> dict[str, Any]:
    return {"type": "string", "pattern": "^[0-9A-HJKMNP-TV-Z]{12}$", "example": "1QGDF9BM0K7J"}
