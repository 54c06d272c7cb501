"""The event loop: what the web server calls. Acts are done here, from their declarations.

A thread for each waiting request costs a payment more than all its rules. An act waits on the loop
instead, and the poster wakes a batch of them at once. Only what asks the database before there is
a command takes a thread, for as long as that takes, and so does a long body. What is neither an act
nor a plain USSD hop is Flask's.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextvars import copy_context
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, TypeVar

import orjson

from wallet.clock import id_of
from wallet.errors import Code, Refused
from wallet.people.roles import check_still_active
from wallet.web import metrics
from wallet.web.acts import ActRequest, ActRoute
from wallet.web.answers import REPLAYED_HEADER
from wallet.web.auth import KEY_HEADER, TOKENS, acts_as_staff, caller_of, key_of
from wallet.web.bodies import JSON, check_json
from wallet.web.body_reader import BodyReader
from wallet.web.bridge import Answer, Bridge, Send, respond
from wallet.web.errors import problem_of
from wallet.web.receiving import Receive, Receiver, Request, Scope
from wallet.web.schemas import SERVING

if TYPE_CHECKING:
    from flask import Flask

    from wallet.people.tokens import AccessTokens
    from wallet.service import Service

log = logging.getLogger(__name__)

Found = TypeVar("Found")

_KEY: Final = KEY_HEADER.lower()
_JSON: Final = ("Content-Type", JSON)
_REPLAYED: Final = (REPLAYED_HEADER, "true")
_REFERENCE: Final = "<reference:"
_SHORT: Final = 1024
"""Bytes of a body. All that may be wrong with thousands of lines takes seconds to tell."""

Handler = Callable[[Request], Awaitable[Answer | None]]
"""Answers a request, or returns None and leaves it as it was."""


class OnLoop:
    """An ASGI application: acts and a few `handlers` of one path each; Flask for all else.

    `long` tells of paths whose bodies may be longer than others', and how long. No more of a body
    is read than that. `uploads` are those of them that only some roles may send anything long to:
    nothing is read before the token has been looked at.
    """

    def __init__(
        self,
        app: Flask,
        acts: Iterable[ActRoute],
        handlers: Mapping[str, Handler],
        long: Mapping[str, int],
        uploads: Mapping[str, tuple[str, ...]],
    ) -> None:
        service: Service = app.extensions["kibubu"]
        self._tokens: AccessTokens = app.extensions[TOKENS]
        self._receiver = Receiver()
        self._uploads = uploads
        self._flask = Bridge(app, service.settings.web_threads)
        self._acts = {
            _place(each.rule): _OneAct(each, service, self._tokens, self._flask) for each in acts
        }
        self._handlers = handlers
        self._long = long
        self._most_bytes: int = app.config["MAX_CONTENT_LENGTH"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        path = scope["path"]
        most_bytes = self._long.get(path, self._most_bytes)
        if most_bytes > self._most_bytes and (refused := self._refused_unread(scope)) is not None:
            await respond(send, *refused)
            metrics.note("POST", path, str(refused[0]), perf_counter() - began)
            return
        request = await self._receiver.read(scope, receive, most_bytes)
        if request.missing is not None:
            log.info("a request to %s is not whole: %s", path, request.missing.code)
        route, answer = path, None
        if scope["method"].upper() == "POST":
            act, id_ = self._act_at(path)
            if act is not None:
                route, answer = act.rule, await act.answer(request, id_)
            elif path in self._handlers and request.missing is None:
                answer = await self._handlers[path](request)
        if answer is not None:
            await respond(send, *answer)
            metrics.note("POST", route, str(answer[0]), perf_counter() - began)
        elif "//" in path:  # Flask would find other routes, or send the caller elsewhere
            await respond(send, *problem_of(Refused(Code.NOT_FOUND)))
        else:
            await self._flask(request, send)

    def _refused_unread(self, scope: Scope) -> Answer | None:
        """Return what is answered to who may not upload here, before a byte of it is read."""
        roles = self._uploads.get(scope["path"])
        if roles is None or scope["method"].upper() != "POST":
            return None
        given = [value for name, value in scope["headers"] if name.lower() == b"authorization"]
        try:
            caller_of(b",".join(given).decode("latin1"), self._tokens, roles)
        except Refused as refusal:
            return problem_of(refusal)
        return None

    def _act_at(self, path: str) -> tuple[_OneAct | None, int]:
        """Return the act at an address, and the id that its reference names."""
        act = self._acts.get((path, None))
        if act is not None:
            return act, 0
        head, _, last = path.rpartition("/")
        before, _, named = head.rpartition("/")
        act = self._acts.get((before, last))
        if act is None or not (named.isascii() and named.isalnum()):
            return None, 0
        id_ = id_of(named)
        return (None, 0) if id_ is None else (act, id_)


def _place(rule: str) -> tuple[str, str | None]:
    """Return what goes before and after the reference of a rule, which is its last part but one.

    Nothing goes after one that is not there: a slash at the end is something.
    """
    if _REFERENCE not in rule:
        return rule, None
    head, _, last = rule.rpartition("/")
    before, _, named = head.rpartition("/")
    assert named.startswith(_REFERENCE), rule
    assert "<" not in before + last, rule
    return before, last


class _OneAct:
    """Does one act, for whoever asks."""

    def __init__(
        self, route: ActRoute, service: Service, tokens: AccessTokens, flask: Bridge
    ) -> None:
        self.rule = route.rule
        self._act = route.act
        self._make, self._prepare = route.make, route.prepare
        self._body = BodyReader(route.act.body)
        self._service, self._tokens, self._flask = service, tokens, flask

    async def answer(self, request: Request, id_: int) -> Answer:
        """Return the answer to a request, whatever it is."""
        SERVING.set(self._service)
        try:
            return await self._done(request, id_)
        except Exception as error:  # noqa: BLE001 -- all of them are answered
            return problem_of(error)

    async def _done(self, request: Request, id_: int) -> Answer:
        act, service = self._act, self._service
        caller = caller_of(request.headers.get("authorization", ""), self._tokens, act.roles)
        if acts_as_staff(caller, act.roles):
            await self._in_thread(self._check_staff, caller.holder_id)
        key = key_of(request.headers.get(_KEY))
        is_short = len(request.body) <= _SHORT
        body = self._read(request) if is_short else await self._in_thread(self._read, request)
        act_request = ActRequest(
            caller.holder_id, key, id_, body, service.settings, service.markets
        )
        if self._make is not None:
            command = self._make(act_request)
        else:
            assert self._prepare is not None, self.rule
            command = await self._in_thread(self._prepare, act_request, service)
        receipt = await service.poster.posted(act.decide, command)
        told = receipt.answer
        if act.tell is not None:
            told = await self._in_thread(act.tell, act_request, command, receipt)
        headers = [_JSON, _REPLAYED] if receipt.replayed else [_JSON]
        return 201, headers, orjson.dumps(told)

    def _read(self, request: Request) -> Mapping[str, Any]:
        check_json(request.headers.get("content-type"))
        if request.missing is not None:
            raise request.missing
        return self._body.read(request.body)

    def _check_staff(self, holder_id: int) -> None:
        with self._service.engine.connect() as connection:
            check_still_active(connection, holder_id)

    async def _in_thread(self, ask: Callable[..., Found], *values: Any) -> Found:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._flask.pool, copy_context().run, ask, *values)
