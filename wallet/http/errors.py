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

log = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 1

STATUS: Final[Mapping[Code, int]] = {
    Code.UNAUTHENTICATED: 401,
    Code.TOKEN_EXPIRED: 401,
    Code.CLIENT_AUTHORISATION_ERROR: 401,
    Code.FORBIDDEN: 403,
    Code.RATE_LIMIT_ERROR: 429,
    Code.MALFORMED: 400,
    Code.BODY_TOO_LARGE: 413,
    Code.UNSUPPORTED_MEDIA_TYPE: 415,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.FORMAT_ERROR: 422,
    Code.KEY_MISSING: 400,
    Code.KEY_MALFORMED: 400,
    Code.KEY_REUSED: 422,
    Code.CURRENCY_NOT_SUPPORTED: 422,
    Code.AMOUNT_MALFORMED: 422,
    Code.AMOUNT_TOO_PRECISE: 422,
    Code.AMOUNT_TOO_LARGE: 422,
    Code.AMOUNT_NOT_POSITIVE: 422,
    Code.PHONE_MALFORMED: 422,
    Code.PHONE_NOT_MOBILE: 422,
    Code.PHONE_REGION_NOT_SERVED: 422,
    Code.NAME_MALFORMED: 422,
    Code.LANGUAGE_NOT_SUPPORTED: 422,
    Code.PIN_MALFORMED: 422,
    Code.PERIOD_OUT_OF_RANGE: 422,
    Code.QR_MALFORMED: 422,
    Code.QR_EXPIRED: 422,
    Code.QR_NOT_OURS: 422,
    Code.NOT_FOUND: 404,
    Code.ALREADY_REGISTERED: 409,
    Code.SIGN_IN_CODE_WRONG: 403,
    Code.SIGN_IN_EXPIRED: 403,
    Code.REFRESH_TOKEN_REUSED: 401,
    Code.SENDER_UNKNOWN: 404,
    Code.RECEIVER_UNKNOWN: 404,
    Code.TILL_UNKNOWN: 404,
    Code.CONTRACT_UNKNOWN: 404,
    Code.QUOTE_UNKNOWN: 404,
    Code.SAME_PARTIES: 422,
    Code.SENDER_CLOSED: 403,
    Code.SENDER_FROZEN: 403,
    Code.RECEIVER_CLOSED: 409,
    Code.RECEIVER_FROZEN: 409,
    Code.NOT_AN_AGENT: 403,
    Code.NO_WALLET_IN_CURRENCY: 409,
    Code.PIN_NOT_SET: 403,
    Code.PIN_LOCKED: 403,
    Code.PIN_WRONG: 403,
    Code.PIN_WEAK: 422,
    Code.PIN_USED_BEFORE: 422,
    Code.NOT_A_PARTY: 403,
    Code.CONTRACT_CLOSED: 409,
    Code.CONTRACT_PAST_DEADLINE: 409,
    Code.CONTRACT_NOT_DUE: 409,
    Code.MORE_THAN_HELD: 409,
    Code.NO_PRICE: 409,
    Code.REFERENCE_RATE_STALE: 409,
    Code.QUOTE_HAS_EXPIRED: 409,
    Code.QUOTE_USED: 409,
    Code.QUOTE_CHANGED: 409,
    Code.PAYOUT_DESTINATION_MISSING: 409,
    Code.INCORRECT_STATE: 409,
    Code.LESS_THAN_TRANSACTION_MIN_VALUE: 422,
    Code.GREATER_THAN_TRANSACTION_MAX_VALUE: 422,
    Code.DAILY_VALUE_LIMIT_EXCEEDED: 422,
    Code.MONTHLY_VALUE_LIMIT_EXCEEDED: 422,
    Code.MAX_BALANCE_EXCEEDED: 422,
    Code.INSUFFICIENT_FUNDS: 422,
}

TITLE: Final[Mapping[Code, str]] = {
    Code.UNAUTHENTICATED: "Sign in first: no valid access token was sent.",
    Code.TOKEN_EXPIRED: "The token has expired: refresh it or sign in again.",
    Code.CLIENT_AUTHORISATION_ERROR: "The client id or its secret is wrong.",
    Code.FORBIDDEN: "Your role may not do this.",
    Code.RATE_LIMIT_ERROR: "Too many requests: wait, then try again.",
    Code.MALFORMED: "The request cannot be read.",
    Code.BODY_TOO_LARGE: "The request body is too large.",
    Code.UNSUPPORTED_MEDIA_TYPE: "The request body is of the wrong content type.",
    Code.METHOD_NOT_ALLOWED: "This address does not take this method.",
    Code.FORMAT_ERROR: "A field is missing, unknown or of the wrong type.",
    Code.KEY_MISSING: "An Idempotency-Key header is required.",
    Code.KEY_MALFORMED: "The Idempotency-Key header is not a UUID.",
    Code.KEY_REUSED: "This Idempotency-Key was used for something else.",
    Code.CURRENCY_NOT_SUPPORTED: "This currency is not supported here.",
    Code.AMOUNT_MALFORMED: 'An amount is a string of digits, such as "250.00".',
    Code.AMOUNT_TOO_PRECISE: "The amount has more decimals than its currency.",
    Code.AMOUNT_TOO_LARGE: "The amount is too large.",
    Code.AMOUNT_NOT_POSITIVE: "The amount must be more than zero.",
    Code.PHONE_MALFORMED: "This is not a phone number.",
    Code.PHONE_NOT_MOBILE: "This is not a mobile number.",
    Code.PHONE_REGION_NOT_SERVED: "Numbers of this country are not served.",
    Code.NAME_MALFORMED: "A name is 2 to 40 letters.",
    Code.LANGUAGE_NOT_SUPPORTED: "This language is not supported here.",
    Code.PIN_MALFORMED: "A PIN is four digits.",
    Code.PERIOD_OUT_OF_RANGE: "The period is out of range.",
    Code.QR_MALFORMED: "This QR code cannot be read.",
    Code.QR_EXPIRED: "This QR code has expired.",
    Code.QR_NOT_OURS: "This QR code belongs to another payment system.",
    Code.NOT_FOUND: "There is nothing here.",
    Code.ALREADY_REGISTERED: "This number is already registered.",
    Code.SIGN_IN_CODE_WRONG: "The code is wrong.",
    Code.SIGN_IN_EXPIRED: "This code is no longer good: ask for a new one.",
    Code.REFRESH_TOKEN_REUSED: "This refresh token was used before: sign in again.",
    Code.SENDER_UNKNOWN: "The sender is not registered.",
    Code.RECEIVER_UNKNOWN: "The receiver is not registered.",
    Code.TILL_UNKNOWN: "There is no such till.",
    Code.CONTRACT_UNKNOWN: "There is no such held payment.",
    Code.QUOTE_UNKNOWN: "There is no such quote.",
    Code.SAME_PARTIES: "Sender and receiver are the same.",
    Code.SENDER_CLOSED: "Your wallet is closed.",
    Code.SENDER_FROZEN: "Your wallet is frozen.",
    Code.RECEIVER_CLOSED: "The receiver's wallet is closed.",
    Code.RECEIVER_FROZEN: "The receiver's wallet is frozen.",
    Code.NOT_AN_AGENT: "This holder is not an agent.",
    Code.NO_WALLET_IN_CURRENCY: "There is no wallet in this currency.",
    Code.PIN_NOT_SET: "No PIN has been set yet: set one on your phone first.",
    Code.PIN_LOCKED: "The PIN is locked after too many wrong attempts.",
    Code.PIN_WRONG: "The PIN is wrong.",
    Code.PIN_WEAK: "This PIN is too easy to guess.",
    Code.PIN_USED_BEFORE: "This PIN was used before.",
    Code.NOT_A_PARTY: "Only the two parties may do this, each in the other's favour.",
    Code.CONTRACT_CLOSED: "This payment is no longer held.",
    Code.CONTRACT_PAST_DEADLINE: "The deadline of this payment has passed.",
    Code.CONTRACT_NOT_DUE: "The deadline of this payment has not come yet.",
    Code.MORE_THAN_HELD: "The amount is more than what is still held.",
    Code.NO_PRICE: "Nobody offers a price for this at present.",
    Code.REFERENCE_RATE_STALE: "The reference rate is too old to quote by.",
    Code.QUOTE_HAS_EXPIRED: "The quote has expired: ask for a new one.",
    Code.QUOTE_USED: "The quote was already accepted.",
    Code.QUOTE_CHANGED: "The amounts are not those of the quote.",
    Code.PAYOUT_DESTINATION_MISSING: "No bank account is on file to pay out to.",
    Code.INCORRECT_STATE: "It is not in a state that allows this.",
    Code.LESS_THAN_TRANSACTION_MIN_VALUE: "The amount is below the least for one transaction.",
    Code.GREATER_THAN_TRANSACTION_MAX_VALUE: "The amount is above the most for one transaction.",
    Code.DAILY_VALUE_LIMIT_EXCEEDED: "The daily limit would be exceeded.",
    Code.MONTHLY_VALUE_LIMIT_EXCEEDED: "The monthly limit would be exceeded.",
    Code.MAX_BALANCE_EXCEEDED: "The receiver's balance would exceed its limit.",
    Code.INSUFFICIENT_FUNDS: "The balance does not cover the amount and its fee.",
}

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
