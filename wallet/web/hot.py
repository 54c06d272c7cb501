"""The hottest requests, answered on the event loop where they are plainly well formed and succeed.

A thread for each waiting request costs a payment more than all its rules. These wait on the loop,
and the poster wakes a batch of them at once. Whatever is odd — no token, a field that is wrong, a
body that is not the usual one — takes Flask's way, which words every answer. So does a refusal:
the route is handed what the ledger has said, and nothing is done twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson
from flask import Flask, request

from wallet.errors import Code, Refused
from wallet.ledger.poster import Command, Decide, Receipt
from wallet.web import metrics
from wallet.web.answers import REPLAYED_HEADER
from wallet.web.bridge import (
    Bridge,
    ClientGone,
    Headers,
    Receive,
    Request,
    Scope,
    Send,
    read_request,
    respond,
)
from wallet.web.handmade import plain_object

if TYPE_CHECKING:
    from wallet.people.tokens import AccessTokens
    from wallet.service import Service

SAID: Final = "kibubu.said"
"""Where a route finds what the ledger has already said of its command."""
_BEARER: Final = "Bearer "
_JSON: Final = ("Content-Type", "application/json")

Answer = tuple[int, Headers, bytes]
Handler = Callable[[Request], Awaitable[Answer | None]]
"""Answers a request, or returns None and leaves it as it was."""
ReadCommand = Callable[["Service", int, UUID, Mapping[str, Any]], Command]


class HotRoutes:
    """An ASGI application before Flask that it asks for all but a few paths' POSTs.

    `long` tells of paths whose bodies may be longer than others', and how long. No more of a body
    is read than that; Flask then refuses it.
    """

    def __init__(
        self, app: Flask, handlers: Mapping[str, Handler], long: Mapping[str, int], threads: int
    ) -> None:
        self._flask = Bridge(app, threads)
        self._handlers = handlers
        self._long = long
        self._most_bytes: int = app.config["MAX_CONTENT_LENGTH"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        with suppress(ClientGone):
            path = scope["path"]
            handler = self._handlers.get(path) if scope["method"] == "POST" else None
            asked = await read_request(scope, receive, self._long.get(path, self._most_bytes))
            if handler is not None and asked.plain and asked.whole:
                answer = await handler(asked)
                if answer is not None:
                    await respond(send, *answer)
                    metrics.note("POST", path, str(answer[0]), perf_counter() - began)
                    return
            await self._flask(asked, send)


def posting(
    app: Flask, tokens: str, read: ReadCommand, decide: Decide[Any], quotes: int
) -> Handler:
    """Return the handler of a route of consumers that posts one command.

    `read` makes the command of a body in which there are `quotes` quotation marks; `tokens` is
    where the application keeps what reads access tokens.
    """
    extensions = app.extensions

    async def answer(asked: Request) -> Answer | None:
        parts: Service = extensions["kibubu"]
        headers = asked.headers
        try:
            sender_id = _consumer(headers["authorization"], extensions[tokens])
            key = UUID(headers["idempotency-key"])
            body = plain_object(headers.get("content-type"), asked.body, quotes)
            if body is None:
                return None
            command = read(parts, sender_id, key, body)
        except (Refused, KeyError, ValueError):
            return None  # nothing is done yet: Flask's way says what is wrong
        try:
            receipt = await parts.poster.posted(decide, command)
        except Exception as said:  # noqa: BLE001 -- the route raises it
            asked.more[SAID] = said
            return None
        told = [_JSON, (REPLAYED_HEADER, "true")] if receipt.replayed else [_JSON]
        return 201, told, orjson.dumps(receipt.answer)

    return answer


def _consumer(authorization: str, tokens: AccessTokens) -> int:
    if not authorization.startswith(_BEARER):
        raise Refused(Code.UNAUTHENTICATED)
    caller = tokens.read(authorization[len(_BEARER) :])
    if "consumer" not in caller.roles:
        raise Refused(Code.FORBIDDEN)
    return caller.holder_id


def post(parts: Service, decide: Decide[Any], command: Command) -> Receipt:
    """Post a route's command, or raise what the ledger has said of it on the loop."""
    said = request.environ.get(SAID)
    if said is not None:
        raise said
    return parts.poster.post(decide, command)
