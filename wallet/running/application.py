"""The web application: every blueprint, one shape of errors, one document."""

from __future__ import annotations

from typing import Any, Final

from flask import Flask
from werkzeug.routing import BaseConverter, ValidationError

from sms.dev import dev_blueprint
from sms.http import sms_blueprint
from ussd.http import FORM_BYTES, MACHINE, hop_handler, ussd_blueprint
from wallet.accounts import routes as wallets
from wallet.accounts import transaction_routes as transactions
from wallet.approvals import routes as approvals
from wallet.banking import routes as bank
from wallet.banking.iso20022 import documents
from wallet.bulk import lists
from wallet.bulk import routes as bulks
from wallet.clock import id_of, reference
from wallet.destinations import routes as destinations
from wallet.disputes import routes as disputes
from wallet.escrow import offer_routes as agreements
from wallet.escrow import payment_routes as payments
from wallet.escrow import routes as contracts
from wallet.fx import price_routes as prices
from wallet.fx import routes as quotes
from wallet.merchants import pricing_routes as pricings
from wallet.merchants import settlement_routes as settlements
from wallet.onboarding import merchant_routes as merchants
from wallet.onboarding import register_routes as registrations
from wallet.onboarding import routes as operators
from wallet.payouts import batch_routes as payout_batches
from wallet.payouts import collect_routes as cash_collections
from wallet.payouts import routes as payouts
from wallet.payouts.rails import mtn_momo_routes as mobile_money
from wallet.people import pin_routes as pins
from wallet.people import routes as holders
from wallet.people import sign_in_routes as sign_ins
from wallet.people import token_routes as tokens
from wallet.people.tokens import AccessTokens
from wallet.plans import routes as plans
from wallet.qr import routes as qr_codes
from wallet.refunds import routes as refunds
from wallet.service import Service
from wallet.trade import routes as trade
from wallet.transfers import cash_in_routes as cash_ins
from wallet.transfers import reversal_routes as reversals
from wallet.transfers import routes as sends
from wallet.web import docs, health, metrics
from wallet.web.answers import FastJson
from wallet.web.auth import TOKENS
from wallet.web.bodies import MAX_BYTES
from wallet.web.errors import ProblemApi
from wallet.web.loop import OnLoop
from wallet.web.routing import Routes

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


def on_loop(app: Flask) -> OnLoop:
    """Return what the web server calls: acts on its event loop, `app` for all else."""
    acts = [act for blueprint in BLUEPRINTS for act in blueprint.acts]
    return OnLoop(app, acts, {"/ussd/africastalking": hop_handler(app)}, LONG_BODIES)


def work_with(app: Flask, service: Service) -> None:
    """Let `app` serve `service`. Tests give one application one service after another."""
    app.extensions["kibubu"] = service
    app.extensions.pop(MACHINE, None)
    app.extensions[TOKENS] = AccessTokens(service.settings.token_key, service.clock)
    service.poster.observe = metrics.batch_posted


def _reference_parameter(_: BaseConverter) -> dict[str, Any]:
    return {"type": "string", "pattern": "^[0-9A-HJKMNP-TV-Z]{12}$", "example": "1QGDF9BM0K7J"}
