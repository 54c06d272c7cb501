"""The web application: every room's routes, one shape of errors, one document."""

from __future__ import annotations

from flask import Flask

import sms.gateways.choice
import sms.http
import ussd.gateways.choice
import ussd.http
from sms.dev import dev_blueprint
from wallet.people.tokens import AccessTokens
from wallet.rooms import brought
from wallet.service import Service
from wallet.web import callbacks, docs, health, metrics
from wallet.web.answers import FastJson
from wallet.web.auth import TOKENS
from wallet.web.bodies import MAX_BYTES
from wallet.web.errors import ProblemApi
from wallet.web.loop import OnLoop
from wallet.web.routing import Routes, read_references


def create_app(service: Service) -> Flask:
    """Return the application that serves `service` over HTTP."""
    app = Flask("kibubu", static_folder=None)
    app.config.update(docs.CONFIG, MAX_CONTENT_LENGTH=MAX_BYTES, PROVIDE_AUTOMATIC_OPTIONS=False)
    app.json = FastJson(app)
    work_with(app, service)
    api = ProblemApi(app, spec_kwargs={"marshmallow_plugin": docs.Plugin()})
    read_references(app, api)
    docs.add_docs(app, api)
    for routes in all_routes():
        api.register_blueprint(routes)
    app.register_blueprint(callbacks.routes("sms", sms.gateways.choice.CALLBACKS, sms.http.VIEWS))
    app.register_blueprint(callbacks.routes("ussd", ussd.gateways.choice.GATEWAYS, ussd.http.VIEWS))
    if service.settings.environment == "development":
        app.register_blueprint(dev_blueprint())
    docs.describe_forms(app, api)
    metrics.measure(app)
    return app


def on_loop(app: Flask) -> OnLoop:
    """Return what the web server calls: acts on its event loop, `app` for all else."""
    acts = [act for routes in all_routes() for act in routes.acts]
    long = {
        **callbacks.most_bytes("ussd", ussd.gateways.choice.GATEWAYS, ussd.http.VIEWS),
        **callbacks.most_bytes("sms", sms.gateways.choice.CALLBACKS, sms.http.VIEWS),
    }
    uploads = {path: most for routes in all_routes() for path, most in routes.long_bodies.items()}
    roles = {path: roles_at(app, path) for path in uploads}
    return OnLoop(app, acts, ussd.http.hop_handlers(app), long | uploads, roles)


def roles_at(app: Flask, path: str) -> tuple[str, ...]:
    """Return which roles may post to an address, by the mark of `@requires` on its view."""
    endpoint, _ = app.url_map.bind("").match(path, "POST")
    # A view's type knows nothing of the marks that `wallet/web/routing.py` gives it.
    found: tuple[str, ...] = app.view_functions[endpoint].marks["roles"]  # type: ignore[union-attr]
    return found


def all_routes() -> tuple[Routes, ...]:
    """Return all of our own API, in the order of the document."""
    return (*brought("routes", "ROUTES"), health.blp, metrics.blp)


def work_with(app: Flask, service: Service) -> None:
    """Let `app` serve `service`. Tests give one application one service after another."""
    app.extensions["kibubu"] = service
    app.extensions.pop(ussd.http.MACHINE, None)
    app.extensions[TOKENS] = AccessTokens(service.settings.token_key, service.clock)
    service.poster.observe = metrics.batch_posted
