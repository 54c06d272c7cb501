"""Every error as RFC 9457 problem details, whatever raised it, on the event loop and in Flask.

`code` is what programs should look at; it is published and never renamed. `detail` is for people.
"""

from __future__ import annotations

import http
import logging
import threading
import time
from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
import orjson
import psycopg
import sqlalchemy.exc
from flask import Flask, Response
from flask_smorest import Api
from werkzeug.exceptions import HTTPException

from wallet.errors import Code, Refused, Unavailable, tell_defect
from wallet.web.bridge import Answer, Headers
from wallet.web.statuses import STATUS, TITLE

log = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 1
TOLD_EVERY_S: Final = 1.0
OVER_AFTER_S: Final = 30.0
"""An outage that nobody has noticed for so long is another one."""

# What werkzeug raises before any rule of ours is asked.
_OF_STATUS: Final = {
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    408: Code.REQUEST_TIMEOUT,
    413: Code.BODY_TOO_LARGE,
    415: Code.UNSUPPORTED_MEDIA_TYPE,
    422: Code.FORMAT_ERROR,
    429: Code.RATE_LIMIT_ERROR,
}

_OUTAGES: Final = (
    Unavailable,
    psycopg.OperationalError,
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.InterfaceError,
    sqlalchemy.exc.TimeoutError,
)

AMOUNT_NAMES: Final = frozenset({"amount", "currency"})
_KEPT_HEADERS: Final = ("Allow", "Retry-After")


class Outages:
    """Tells the log of what is down: why, when it begins; then once a second that it still is.

    Each of hundreds of callers a second is told; a traceback for each would hold up the rest.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[type[Exception], tuple[float, int]] = {}

    def tell(self, error: Exception) -> None:
        """Log this, or count it, to be told with the next."""
        kind, now = type(error), time.monotonic()
        with self._lock:
            last, count = self._last.get(kind, (-OVER_AFTER_S, 0))
            if now - last < TOLD_EVERY_S:
                self._last[kind] = (last, count + 1)
                return
            self._last[kind] = (now, 0)
        # Of what it could not reach the poster has said why.
        is_new = now - last >= OVER_AFTER_S and not isinstance(error, Unavailable)
        more = f", and {count} more since the last line" if count else ""
        log.warning("unavailable: %s%s", kind.__name__, more, exc_info=error if is_new else None)


outages: Final = Outages()


class ProblemSchema(ma.Schema):
    """An error, as RFC 9457 has it. Further members are facts that help to do better."""

    class Meta:
        unknown = ma.INCLUDE

    type = ma.fields.Str(required=True, metadata={"example": "/errors#insufficient_funds"})
    title = ma.fields.Str(required=True, metadata={"example": TITLE[Code.INSUFFICIENT_FUNDS]})
    status = ma.fields.Int(required=True, metadata={"example": 422})
    code = ma.fields.Str(required=True, metadata={"example": Code.INSUFFICIENT_FUNDS.value})
    detail = ma.fields.Str(
        required=True,
        metadata={"example": f"{TITLE[Code.INSUFFICIENT_FUNDS]} needed: 257.00"},
    )
    instance = ma.fields.Str(metadata={"example": "urn:uuid:4be6ed6c-5f0c-4e0b-9a0e-3f7c4f7b6d52"})


class ProblemApi(Api):  # type: ignore[misc]
    """flask-smorest, with every error in the one shape."""

    ERROR_SCHEMA = ProblemSchema

    def handle_http_exception(self, error: HTTPException) -> Response | HTTPException:
        """Return what werkzeug or webargs aborted with as a problem."""
        if error.code is None or error.code < 400:
            return error  # a redirect
        if error.code >= 500:
            return response(_defect(error))
        code = _OF_STATUS.get(error.code, Code.MALFORMED)
        found = getattr(error, "data", None) or {}
        refusal = invalid(found["messages"]) if found.get("messages") else Refused(code)
        answer = response(problem(refusal.code, refusal.facts))
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
    app.register_error_handler(Exception, lambda error: response(problem_of(error)))


def problem_of(error: Exception) -> Answer:
    """Return what a caller is told of anything that was raised."""
    if isinstance(error, Refused):
        return problem(error.code, error.facts)
    if isinstance(error, _OUTAGES):
        outages.tell(error)
        return unavailable()
    return _defect(error)


def response(answer: Answer) -> Response:
    """Return an answer as Flask has it."""
    status, headers, body = answer
    return Response(body, status, headers)


def problem(code: Code, facts: Mapping[str, object] | None = None) -> Answer:
    """Return the problem of a refusal."""
    facts = facts or {}
    status = STATUS[code]
    more: Headers = []
    if status == http.HTTPStatus.UNAUTHORIZED:
        more.append(("WWW-Authenticate", 'Bearer error="invalid_token"'))
    if "retry_after_s" in facts:
        more.append(("Retry-After", str(facts["retry_after_s"])))
    return _answer(status, code.value, TITLE[code], _detail(TITLE[code], facts), facts, more)


def unavailable(facts: Mapping[str, object] | None = None) -> Answer:
    """Return the problem of something we depend on being down."""
    title = "The service cannot answer now: try again with the same key."
    more = [("Retry-After", str(RETRY_AFTER_S))]
    return _answer(503, "service_unavailable", title, title, facts or {}, more)


def invalid(messages: Any) -> Refused:
    """Return the refusal of what schemas have found wrong, field by field.

    What is missing, unknown or of another type is named at once, and comes before a value that is
    refused.
    """
    errors: dict[str, list[str]] = {}
    refusals: list[Refused] = []
    _sort(messages, "", errors, refusals)
    return Refused(Code.FORMAT_ERROR, errors=errors) if errors else refusals[0]


def _defect(error: Exception) -> Answer:
    """Tell the caller nothing but a number under which the log tells everything."""
    instance = tell_defect(log, error, "a request was not answered")
    title = "Something went wrong on our side. Retrying with the same key is safe."
    return _answer(500, "internal_error", title, title, {"instance": instance})


def _answer(
    status: int,
    code: str,
    title: str,
    detail: str,
    facts: Mapping[str, object],
    headers: Headers | None = None,
) -> Answer:
    body = {
        "type": f"/errors#{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        **{name: value for name, value in facts.items() if name not in {"title", "status", "code"}},
    }
    told = [("Content-Type", MEDIA_TYPE), *(headers or ())]
    return status, told, orjson.dumps(body, default=str)


def _detail(title: str, facts: Mapping[str, object]) -> str:
    reason = facts.get("reason")
    if isinstance(reason, str):
        return reason
    said = {**facts, **_as_mapping(facts.get("errors"))}
    said.pop("errors", None)
    return " ".join([title, *(f"{name}: {_said(value)}" for name, value in said.items())])


def _said(value: object) -> str:
    """Return a fact as people read it: text as it is, an amount, all else as JSON has it."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return ", ".join(_said(each) for each in value)
    if isinstance(value, Mapping) and value.keys() == AMOUNT_NAMES:
        return f"{value['amount']} {value['currency']}"
    return orjson.dumps(value, default=str).decode().strip('"')


def _as_mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _sort(messages: Any, path: str, errors: dict[str, list[str]], refusals: list[Refused]) -> None:
    """Sort a schema's messages: texts by dotted field name, where `json` and its like are left out,
    and refusals in the order of the fields.
    """
    if not isinstance(messages, dict):
        found = messages if isinstance(messages, list) else [messages]
        refusals.extend(each for each in found if isinstance(each, Refused))
        texts = [str(each) for each in found if not isinstance(each, Refused)]
        if texts:
            errors.setdefault(path or "body", []).extend(texts)
        return
    for name, inner in messages.items():
        is_location = not path and name in {"json", "query", "path", "headers", "form"}
        is_whole = name == "_schema"
        here = path if is_location or is_whole else f"{path}.{name}".lstrip(".")
        _sort(inner, here[:80], errors, refusals)
