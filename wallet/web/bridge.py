"""From the event loop to Flask: one request in a thread of a pool, its answer whole.

The web server speaks ASGI, so that the hottest requests need no thread each. All else is Flask's:
a request's body is read first, the application runs in one call of one thread, and what it
answered is sent at once. Streaming, which nothing here uses, would take several turns a request.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO, RawIOBase
from typing import TYPE_CHECKING, Any, Final, NoReturn

from werkzeug.exceptions import RequestEntityTooLarge

if TYPE_CHECKING:
    from types import TracebackType

    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

Message = MutableMapping[str, Any]
Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[str, str]]
Answer = tuple[int, Headers, bytes]
ExceptionInfo = (
    tuple[type[BaseException], BaseException, "TracebackType"] | tuple[None, None, None] | None
)


@dataclass(slots=True)
class Request:
    """One request; `headers` are of lower-case names, and one given twice has both values.

    A body that is not `whole` is longer than was allowed for: nobody may take its beginning for it.
    """

    scope: Scope
    headers: dict[str, str]
    body: bytes
    whole: bool = True


class ClientGone(Exception):
    """The client went away before its request was whole."""


async def read_request(scope: Scope, receive: Receive, most_bytes: int) -> Request:
    """Read a request. Of a body that is longer than `most_bytes` hardly more than that is read."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = str(raw_name, "latin1"), str(raw_value, "latin1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    request = Request(scope, headers, b"")
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > most_bytes:
        request.whole = False
        return request
    message = await receive()
    request.body = _part(message)
    left = (int(length) if length.isdecimal() else most_bytes + 1) - len(request.body)
    if message.get("more_body") and left > 0:  # a server may say "more" of a body that is whole
        parts = [request.body]
        while message.get("more_body") and left > 0:
            message = await receive()
            parts.append(_part(message))
            left -= len(parts[-1])
        request.body = b"".join(parts)
    request.whole = len(request.body) <= most_bytes
    return request


def _part(message: Message) -> bytes:
    if message["type"] != "http.request":
        raise ClientGone
    body: bytes = message.get("body", b"")
    return body


async def respond(send: Send, status: int, headers: Iterable[tuple[str, str]], body: bytes) -> None:
    """Send an answer."""
    named = [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": named})
    await send({"type": "http.response.body", "body": body})


class _TooLong(RawIOBase):
    """Stands for a body that was not read: whoever would read it is told, whatever they allow."""

    def readable(self) -> bool:
        return True

    def readinto(self, _: object) -> NoReturn:
        raise RequestEntityTooLarge


class Bridge:
    """A WSGI application, called in a pool of threads."""

    def __init__(self, app: WSGIApplication, threads: int) -> None:
        self._app = app
        self.pool = ThreadPoolExecutor(threads, "http")

    async def __call__(self, request: Request, send: Send) -> None:
        """Answer one request."""
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self.pool, _call, self._app, request)
        await respond(send, *answer)


def _call(app: WSGIApplication, request: Request) -> Answer:
    status, headers = 500, Headers()
    written: list[bytes] = []

    def start(line: str, named: Headers, _: ExceptionInfo = None) -> Callable[[bytes], object]:
        nonlocal status, headers
        status, headers = int(line[:3]), named
        return written.append

    parts = app(environment(request), start)
    try:
        written.extend(parts)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
    return status, headers, b"".join(written)


def environment(request: Request) -> WSGIEnvironment:
    """Return what PEP 3333 wants an application to know of a request."""
    scope = request.scope
    server, client = scope.get("server") or ("localhost", 80), scope.get("client")
    found: WSGIEnvironment = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin1"),
        "QUERY_STRING": scope["query_string"].decode("latin1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": BytesIO(request.body) if request.whole else _TooLong(),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if client is not None:
        found["REMOTE_ADDR"], found["REMOTE_PORT"] = client[0], str(client[1])
    for header, value in request.headers.items():
        name = header.upper().replace("-", "_")
        if name not in _BARE:
            name = f"HTTP_{name}"
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


_BARE: Final = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})
