"""A way past Flask for the hottest requests, where they are plainly well formed and succeed.

Flask's own way costs a payment more than all its rules. Whatever is odd — no token, a field that
is wrong, a body that is not the usual one — takes that way, which words every answer. So does a
refusal: the route is handed what the ledger has said, and nothing is done twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson
from flask import Flask, request

from wallet.errors import Code, Refused
from wallet.http.answers import REPLAYED_HEADER
from wallet.http.handmade import plain_object
from wallet.ledger.poster import Command, Decide, Receipt

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from wallet.people.tokens import AccessTokens
    from wallet.service import Service

SAID: Final = "kibubu.said"
"""Where a route finds what the ledger has already said of its command."""
ROUTE: Final = "kibubu.route"
"""Where the metrics find which route has answered."""
_BEARER: Final = "Bearer "
_CREATED: Final = "201 Created"
_JSON: Final = ("Content-Type", "application/json")

Answer = tuple[str, list[tuple[str, str]], bytes]
Handler = Callable[["WSGIEnvironment"], Answer | None]
"""Answers a request, or returns None and leaves it as it was."""
ReadCommand = Callable[["Service", int, UUID, Mapping[str, Any]], Command]


class Shortcuts:
    """A WSGI application around another that it asks for all but a few paths' POSTs."""

    def __init__(self, inner: WSGIApplication, handlers: Mapping[str, Handler]) -> None:
        self._inner = inner
        self._handlers = handlers

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        handler = self._handlers.get(environ["PATH_INFO"])
        if handler is not None and environ["REQUEST_METHOD"] == "POST":
            answer = handler(environ)
            if answer is not None:
                status, headers, body = answer
                environ[ROUTE] = environ["PATH_INFO"]
                headers.append(("Content-Length", str(len(body))))
                start(status, headers)
                return (body,)
        return self._inner(environ, start)


def posting(
    app: Flask, tokens: str, read: ReadCommand, decide: Decide[Any], quotes: int
) -> Handler:
    """Return the handler of a route of consumers that posts one command.

    `read` makes the command of a body in which there are `quotes` quotation marks; `tokens` is
    where the application keeps what reads access tokens.
    """
    extensions = app.extensions

    def answer(environ: WSGIEnvironment) -> Answer | None:
        parts: Service = extensions["kibubu"]
        try:
            sender_id = _consumer(environ, extensions[tokens])
            key = UUID(environ["HTTP_IDEMPOTENCY_KEY"])
            body = plain_object(environ, quotes)
            if body is None:
                return None
            command = read(parts, sender_id, key, body)
        except (Refused, KeyError, ValueError):
            return None  # nothing is done yet: Flask's way says what is wrong
        try:
            receipt = parts.poster.post(decide, command)
        except Exception as said:  # noqa: BLE001 -- the route raises it
            environ[SAID] = said
            return None
        headers = [_JSON, (REPLAYED_HEADER, "true")] if receipt.replayed else [_JSON]
        return _CREATED, headers, orjson.dumps(receipt.answer)

    return answer


def _consumer(environ: WSGIEnvironment, tokens: AccessTokens) -> int:
    authorization = environ["HTTP_AUTHORIZATION"]
    if not authorization.startswith(_BEARER):
        raise Refused(Code.UNAUTHENTICATED)
    caller = tokens.read(authorization[len(_BEARER) :])
    if "consumer" not in caller.roles:
        raise Refused(Code.FORBIDDEN)
    return caller.holder_id


def post(parts: Service, decide: Decide[Any], command: Command) -> Receipt:
    """Post a route's command, or raise what the ledger has said of it on the shortcut."""
    said = request.environ.get(SAID)
    if said is not None:
        raise said
    return parts.poster.post(decide, command)
