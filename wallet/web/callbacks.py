"""Requests of gateways and networks, as Flask has them, for the adapters that read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial, update_wrapper
from typing import Final, TypeVar

from flask import Blueprint, Response, abort, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from wallet.errors import Code, Refused
from wallet.gateways import FORM, NO_FORM, Answer, Caller, GatewayRequest, read_form

TOKEN: Final[Mapping[str, object]] = {
    "name": "token",
    "in": "query",
    "description": "The secret in our callback addresses.",
    "schema": {"type": "string"},
}
"""How the document tells of the secret; what it refuses is `NOT_YOU`."""
PLAIN: Final = {"text/plain": {"schema": {"type": "string"}}}
NOT_YOU: Final[Mapping[str, object]] = {
    "description": "The secret in the address is missing or wrong.",
    "content": PLAIN,
}
_FORMS: Final = frozenset({FORM, "multipart/form-data"})
CallerT = TypeVar("CallerT", bound=Caller)
Views = Mapping[str, Callable[[type[CallerT]], Response]]
"""What answers, by the end of its path."""


def routes(name: str, gateways: Sequence[type[CallerT]], views: Views[CallerT]) -> Blueprint:
    """Return the routes of every gateway: `/<name>/<gateway>`, and each view's end of a path."""
    blueprint = Blueprint(name, __name__, url_prefix=f"/{name}")
    for gateway in gateways:
        for end, view in views.items():
            blueprint.add_url_rule(
                f"/{gateway.name}{end}",
                endpoint=gateway.name + end.replace("/", "-"),
                view_func=update_wrapper(partial(view, gateway), view),
                methods=[gateway.method],
            )
    return blueprint


def most_bytes(
    name: str, gateways: Sequence[type[CallerT]], views: Views[CallerT]
) -> dict[str, int]:
    """Return how long the bodies may be that come to these routes."""
    return {
        f"/{name}/{gateway.name}{end}": gateway.most_bytes for gateway in gateways for end in views
    }


def received(gateway: type[CallerT]) -> tuple[CallerT, GatewayRequest]:
    """Return the adapter and the present request; refuse who is not the gateway."""
    adapter = gateway(current_app.extensions["kibubu"].settings)
    found = _gateway_request(gateway.most_bytes)
    refuse_unless(adapter.authentic(found))
    return adapter, found


def _gateway_request(most_bytes: int) -> GatewayRequest:
    """Return the present request, whatever ails its body."""
    request.max_content_length = most_bytes
    missing, body, form = None, b"", NO_FORM
    try:
        if request.content_type != FORM and request.mimetype in _FORMS:
            form = request.form.to_dict()  # any kind of form, in several times the time
        else:
            body = whole_body()
            form = read_form(body) if request.content_type == FORM else NO_FORM
    except RequestEntityTooLarge:
        missing = Refused(Code.BODY_TOO_LARGE)
    except Refused as refusal:
        missing = refusal
    headers = {name.lower(): value for name, value in request.headers}
    return GatewayRequest(request.path, request.query_string, headers, body, form, missing)


def whole_body() -> bytes:
    """Return the body of the present request. Raises `Refused` where it is not whole."""
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise Refused(Code.BODY_TOO_LARGE) from error


def refuse_unless(authentic: bool) -> None:
    """Refuse who is not the one that the address was given to."""
    if not authentic:
        abort(plain("forbidden", 403))


def plain(message: str, status: int = 200) -> Response:
    """Return an answer of one line."""
    return Response(message + "\n", status, mimetype="text/plain")


def response(answer: Answer) -> Response:
    """Return an adapter's answer as Flask wants it."""
    status, headers, body = answer
    return Response(body, status, headers)
