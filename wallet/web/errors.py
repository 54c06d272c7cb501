"""Every error as RFC 9457 problem details, whatever raised it. All handlers are here.

`code` is what programs should look at; it is published and never renamed. `detail` is for people.
"""

from __future__ import annotations

import http
import logging
import uuid
from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
import orjson
import psycopg
import sqlalchemy.exc
from flask import Flask, Response
from flask_smorest import Api
from werkzeug.exceptions import HTTPException

from wallet.errors import Code, Refused, Unavailable
from wallet.web.codes import STATUS, TITLE

log = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 1

# What werkzeug raises before any rule of ours is asked.
_OF_STATUS: Final = {
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    413: Code.BODY_TOO_LARGE,
    415: Code.UNSUPPORTED_MEDIA_TYPE,
    422: Code.FORMAT_ERROR,
    429: Code.RATE_LIMIT_ERROR,
}

_KEPT_HEADERS: Final = ("Allow", "Retry-After")


class ProblemSchema(ma.Schema):
    """An error, as RFC 9457 has it. Further members are facts that help to do better."""

    class Meta:
        unknown = ma.INCLUDE

    type = ma.fields.Str(metadata={"example": "/errors#insufficient_funds"})
    title = ma.fields.Str(metadata={"example": TITLE[Code.INSUFFICIENT_FUNDS]})
    status = ma.fields.Int(metadata={"example": 422})
    code = ma.fields.Str(metadata={"example": Code.INSUFFICIENT_FUNDS.value})
    detail = ma.fields.Str(metadata={"example": f"{TITLE[Code.INSUFFICIENT_FUNDS]} needed: 257.00"})
    instance = ma.fields.Str(metadata={"example": "urn:uuid:4be6ed6c-5f0c-4e0b-9a0e-3f7c4f7b6d52"})


class ProblemApi(Api):  # type: ignore[misc]
    """flask-smorest, with every error in the one shape."""

    ERROR_SCHEMA = ProblemSchema

    def handle_http_exception(self, error: HTTPException) -> Response | HTTPException:
        """Return what werkzeug or webargs aborted with as a problem."""
        if error.code is None or error.code < 400:
            return error  # a redirect
        if error.code >= 500:
            return _defect(error)
        code = _OF_STATUS.get(error.code, Code.MALFORMED)
        found = getattr(error, "data", None) or {}
        answer = problem(code, {"errors": _flat(found.get("messages", {}))} if found else {})
        for name, value in error.get_headers():
            if name in _KEPT_HEADERS:
                answer.headers[name] = value
        return answer

    def _register_responses(self) -> None:
        usual: str = Api.DEFAULT_RESPONSE_CONTENT_TYPE
        self.DEFAULT_RESPONSE_CONTENT_TYPE: str = MEDIA_TYPE  # these are the errors'
        super()._register_responses()
        self.DEFAULT_RESPONSE_CONTENT_TYPE = usual

    def _register_pagination_header(self) -> None:
        """Leave out what only lists by page number need: ours use cursors."""

    def _register_error_handlers(self) -> None:
        register_handlers(self._app, self)


def register_handlers(app: Flask, api: ProblemApi) -> None:
    """Answer everything that a view can raise."""
    app.register_error_handler(HTTPException, api.handle_http_exception)
    app.register_error_handler(Refused, _refused)
    for kind in (
        Unavailable,
        psycopg.OperationalError,
        sqlalchemy.exc.OperationalError,
        sqlalchemy.exc.InterfaceError,
        sqlalchemy.exc.TimeoutError,
    ):
        app.register_error_handler(kind, _unavailable)
    app.register_error_handler(Exception, _defect)


def problem(code: Code, facts: Mapping[str, object] | None = None) -> Response:
    """Return the problem of a refusal."""
    facts = facts or {}
    answer = _answer(STATUS[code], code.value, TITLE[code], _detail(TITLE[code], facts), facts)
    if STATUS[code] == http.HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    if "retry_after_s" in facts:
        answer.headers["Retry-After"] = str(facts["retry_after_s"])
    return answer


def unavailable(facts: Mapping[str, object] | None = None) -> Response:
    """Return the problem of something we depend on being down."""
    title = "The service cannot answer now: try again with the same key."
    answer = _answer(503, "service_unavailable", title, title, facts or {})
    answer.headers["Retry-After"] = str(RETRY_AFTER_S)
    return answer


def _refused(refusal: Refused) -> Response:
    return problem(refusal.code, refusal.facts)


def _unavailable(error: Exception) -> Response:
    log.warning("unavailable: %s", type(error).__name__, exc_info=error)
    return unavailable()


def _defect(error: Exception) -> Response:
    """Tell the caller nothing but a number under which the log tells everything."""
    instance = f"urn:uuid:{uuid.uuid4()}"
    log.error("defect %s", instance, exc_info=error)
    title = "Something went wrong on our side. Retrying with the same key is safe."
    return _answer(500, "internal_error", title, title, {"instance": instance})


def _answer(
    status: int, code: str, title: str, detail: str, facts: Mapping[str, object]
) -> Response:
    body = {
        "type": f"/errors#{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        **{name: value for name, value in facts.items() if name not in {"title", "status", "code"}},
    }
    return Response(orjson.dumps(body, default=str), status, mimetype=MEDIA_TYPE)


def _detail(title: str, facts: Mapping[str, object]) -> str:
    reason = facts.get("reason")
    if isinstance(reason, str):
        return reason
    said = {**facts, **_as_mapping(facts.get("errors"))}
    said.pop("errors", None)
    return " ".join([title, *(f"{name}: {_said(value)}" for name, value in said.items())])


def _said(value: object) -> str:
    return ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)


def _as_mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _flat(messages: Any, path: str = "") -> dict[str, list[str]]:
    """Return validation messages by dotted field name; `json` and its like are left out."""
    if not isinstance(messages, dict):
        texts = messages if isinstance(messages, list) else [messages]
        return {path or "body": [str(text) for text in texts]}
    found: dict[str, list[str]] = {}
    for name, inner in messages.items():
        is_location = not path and name in {"json", "query", "path", "headers", "form"}
        is_whole = name == "_schema"
        here = path if is_location or is_whole else f"{path}.{name}".lstrip(".")
        found.update(_flat(inner, here[:80]))
    return found
