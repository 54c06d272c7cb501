"""What the hot routes read and document by hand, without a schema library's cost.

They answer as the schemas do: the same codes, the same naming of fields. What is plainly well
formed is read by orjson; everything else goes to the strict reader, which says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, TypeVar

import orjson
from flask import request

from wallet.errors import Code, Refused
from wallet.money import Money, parse_amount
from wallet.numbers import parse_msisdn
from wallet.people.pin import Pin
from wallet.web import examples
from wallet.web.answers import REPLAYED_HEADER
from wallet.web.bodies import json_body
from wallet.web.routing import REPLAYED, View

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from wallet.service import Service

Value = TypeVar("Value")

_SHORT_DIGITS: Final = 3  # below a thousand bytes
_AMOUNT: Final = frozenset({"amount", "currency"})
_MISSING: Final = "Missing data for required field."
_UNKNOWN: Final = "Unknown field."

AMOUNT: Final = {
    "type": "object",
    "required": ["amount", "currency"],
    "additionalProperties": False,
    "properties": {
        "amount": {
            "type": "string",
            "pattern": r"^(0|[1-9][0-9]*)(\.[0-9]+)?$",
            "example": "250.00",
        },
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "example": "KES"},
    },
}
PHONE: Final = {"type": "string", "example": examples.RECEIVER}
PIN: Final = {
    "type": "string",
    "format": "password",
    "pattern": "^[0-9]{4}$",
    "example": examples.CUSTOMER_PIN,
}
TILL: Final = {"type": "string", "pattern": "^[1-9][0-9]{4,6}$", "example": examples.TILL}
REFERENCE: Final = {"type": "string", "example": "1QGDF9BM0K7J"}
MOMENT: Final = {"type": "string", "format": "date-time", "example": "2026-01-05T09:00:00+00:00"}


def document(view: View, *, body: Mapping[str, Any], answer: Mapping[str, Any]) -> View:
    """Write a view's body and answer into the OpenAPI document; nothing is added to its calls."""
    described: Mapping[str, object] = getattr(view, "_apidoc", {})
    manual = {
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "201": {
                "description": "Done.",
                "content": {"application/json": {"schema": answer}},
                "headers": {REPLAYED_HEADER: REPLAYED},
            }
        },
    }
    view._apidoc = {**described, "manual_doc": manual}  # type: ignore[attr-defined]  # noqa: SLF001
    return view


def plain_body(quotes: int) -> dict[str, Any]:
    """Return the request's JSON object.

    `quotes` is how many quotation marks there are where every required field is a string that is
    given once. With exactly so many and no escape, no name can be given twice.
    """
    body = plain_object(request.environ.get("CONTENT_TYPE"), _raw(request.environ), quotes)
    return json_body() if body is None else body  # which says what is wrong


def plain_object(content_type: str | None, raw: bytes, quotes: int) -> dict[str, Any] | None:
    """Return a body's JSON object where it is plainly one, else None."""
    if content_type != "application/json":
        return None
    if raw.count(b'"') != quotes or b"\\" in raw:
        return None
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return body if type(body) is dict else None


def _raw(environ: WSGIEnvironment) -> bytes:
    """Return a short body, leaving it to be read again; of a longer one nothing.

    Werkzeug's way there, made for bodies of any size, takes a tenth of the whole request.
    """
    length = environ.get("CONTENT_LENGTH", "")
    if not (length.isdecimal() and len(length) <= _SHORT_DIGITS):
        return b""
    raw: bytes = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = BytesIO(raw)
    return raw


def check_names(
    body: Mapping[str, Any], required: frozenset[str], optional: frozenset[str] = frozenset()
) -> None:
    """Raise `Refused` where a field is missing or unknown, naming each."""
    if body.keys() == required:
        return
    errors = {name: [_MISSING] for name in required if name not in body}
    known = required | optional
    errors.update({name[:80]: [_UNKNOWN] for name in body if name not in known})
    if errors:
        raise Refused(Code.FORMAT_ERROR, errors=errors)


def amount_in(body: Mapping[str, Any], field: str) -> Money:
    """Return the money in a field."""
    found = body[field]
    if type(found) is not dict:
        raise Refused(Code.FORMAT_ERROR, errors={field: ["Invalid input type."]})
    if found.keys() != _AMOUNT:
        check_amount_names(found, field)
    return named(field, parse_amount, found["amount"], found["currency"])


def check_amount_names(found: Mapping[str, Any], field: str) -> None:
    """Raise `Refused` where an amount has not exactly its two fields."""
    errors = {f"{field}.{name}": [_MISSING] for name in _AMOUNT if name not in found}
    errors.update({f"{field}.{name[:40]}": [_UNKNOWN] for name in found if name not in _AMOUNT})
    raise Refused(Code.FORMAT_ERROR, errors=errors)


def phone_in(parts: Service, body: Mapping[str, Any], field: str) -> str:
    """Return the number in a field as E.164."""
    return named(field, parse_msisdn, body[field], parts.settings.market, parts.markets)


def pin_in(body: Mapping[str, Any], field: str) -> Pin:
    """Return the PIN in a field."""
    return named(field, Pin, body[field])


def text_in(body: Mapping[str, Any], field: str) -> str:
    """Return the text in a field."""
    found = body[field]
    if type(found) is not str:
        raise Refused(Code.FORMAT_ERROR, errors={field: ["Not a valid string."]})
    return found


def named(field: str, read: Callable[..., Value], *values: object) -> Value:
    """Return what `read` makes of a field; its refusal says which field it is about."""
    try:
        return read(*values)
    except Refused as refusal:
        refusal.facts = {"field": field, **refusal.facts}
        raise
