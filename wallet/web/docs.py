"""The API's document at /openapi.json, a page to try it at /docs, the error codes at /errors.

Nothing is fetched from elsewhere: Swagger UI comes out of a wheel.
"""

from __future__ import annotations

import html
from importlib.resources import files
from inspect import getdoc
from typing import Any, Final

import marshmallow as ma
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from flask import Blueprint, Flask, Response
from werkzeug.routing import Rule

from wallet.errors import Code
from wallet.web.callbacks import NOT_YOU, PLAIN, TOKEN
from wallet.web.errors import ProblemApi
from wallet.web.statuses import STATUS, TITLE
from wallet.web.together import shapes_of

ASSETS_URL: Final = "/docs/assets/"

CONFIG: Final[dict[str, Any]] = {
    "API_TITLE": "Kibubu",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.1.0",
    "OPENAPI_URL_PREFIX": "/",
    "OPENAPI_JSON_PATH": "openapi.json",
    "OPENAPI_SWAGGER_UI_PATH": "/docs",
    "OPENAPI_SWAGGER_UI_URL": ASSETS_URL,
    "OPENAPI_SWAGGER_UI_CONFIG": {"persistAuthorization": True, "validatorUrl": None},
    "API_SPEC_OPTIONS": {
        "info": {
            "description": (
                "A mobile wallet. Amounts are strings with their currency; phone numbers are "
                "E.164; references are twelve letters and digits. Every POST that moves money "
                "takes an `Idempotency-Key`: send it again with the same key if you are not sure "
                "that it went through. Errors are RFC 9457 problem details; their codes are "
                "listed at [/errors](/errors)."
            )
        }
    },
}

_BEARER: Final = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "The `access_token` of `POST /v1/tokens`.",
}


class Converter(OpenAPIConverter):
    """Describes schemas: their patterns as JSON Schema has them, and which fields go together."""

    def schema2jsonschema(self, schema: ma.Schema) -> dict[str, Any]:
        found: dict[str, Any] = super().schema2jsonschema(schema)  # type: ignore[no-untyped-call]  # apispec
        for described in found.get("properties", {}).values():
            if "pattern" in described:
                described["pattern"] = _of_json_schema(described["pattern"])
        ways: tuple[set[str], ...] = getattr(schema, "WAYS", ())
        together = getattr(schema, "TOGETHER", ())
        if ways or together:
            always = set(found.get("required", ()))
            found["anyOf"] = list(together) or shapes_of(ways, always)
        return found


def _of_json_schema(pattern: str) -> str:
    """Return a pattern that Python matches from the beginning as JSON Schema means the same."""
    return "^" + pattern.removeprefix("^").replace(r"\Z", "$")


class Plugin(MarshmallowPlugin):
    """apispec's, with our converter."""

    Converter = Converter


def add_docs(app: Flask, api: ProblemApi) -> None:
    """Serve the pages, and describe what is not part of our own API."""
    api.spec.components.security_scheme("bearer", _BEARER)
    folder = str(files("flask_swagger_ui") / "dist")
    assets = Blueprint(
        "docs-assets", __name__, static_folder=folder, static_url_path=ASSETS_URL.rstrip("/")
    )
    app.register_blueprint(assets)
    app.add_url_rule("/errors", view_func=show_errors)


def describe_forms(app: Flask, api: ProblemApi) -> None:
    """Document the gateways' callbacks, which speak the gateways' forms and not our JSON."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(("/sms/", "/ussd/")):
            operation = _form(app, rule)
            methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            api.spec.path(rule=rule, operations={name.lower(): operation for name in methods})


def show_errors() -> Response:
    """List every error code."""
    rows = "".join(
        f'<tr id="{code}"><td><code>{code}</code><td>{STATUS[code]}<td>{html.escape(TITLE[code])}'
        for code in Code
    )
    page = (
        "<!doctype html><meta charset=utf-8><title>Kibubu: error codes</title>"
        f"<h1>Error codes</h1><table><tr><th>Code<th>Status<th>Means{rows}</table>"
    )
    return Response(page, mimetype="text/html")


def _form(app: Flask, rule: Rule) -> dict[str, Any]:
    summary, _, more = (getdoc(app.view_functions[rule.endpoint]) or "").partition("\n")
    form = {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}}
    return {
        "tags": ["gateways"],
        "summary": summary,
        "description": more.strip(),
        "security": [],
        "parameters": [TOKEN],
        "requestBody": {"content": form},
        "responses": {
            "200": {"description": "Text for the gateway.", "content": PLAIN},
            "400": {"description": "It lacks what all of its kind have.", "content": PLAIN},
            "403": NOT_YOU,
            "413": {"description": "It is longer than any of its kind.", "content": PLAIN},
            "default": "DEFAULT_ERROR",
        },
    }
