"""From the event loop to Flask: one request in a thread of a pool, its answer whole.

The web server speaks ASGI, so that the hottest requests need no thread each. All else is Flask's:
a request's body is read first, the application runs in one call of one thread, and what it
answered is sent at once. Streaming, which nothing here uses, would take several turns a request.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO, RawIOBase
from typing import TYPE_CHECKING, Final, NoReturn

from wallet.web.receiving import Message, Receive, Request, Scope

if TYPE_CHECKING:
    from types import TracebackType

    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

    from wallet.errors import Refused

Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[str, str]]
Answer = tuple[int, Headers, bytes]
ExceptionInfo = (
    tuple[type[BaseException], BaseException, "TracebackType"] | tuple[None, None, None] | None
)


async def respond(send: Send, status: int, headers: Iterable[tuple[str, str]], body: bytes) -> None:
    """Send an answer."""
    named = [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": named})
    await send({"type": "http.response.body", "body": body})


class _Missing(RawIOBase):
    """Stands for a body that is not whole: whoever would read it is told, whatever they allow."""

    def __init__(self, refusal: Refused) -> None:
        self._refusal = refusal

    def readable(self) -> bool:
        return True

    def readinto(self, _: object) -> NoReturn:
        raise self._refusal


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
    scope, missing = request.scope, request.missing
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
        "wsgi.input": BytesIO(request.body) if missing is None else _Missing(missing),
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
