"""Requests as they come from a socket: read whole, within a bound of bytes and of time.

Whatever ails a body is kept beside what there is of it, and raised where the body is wanted, so
that everybody is told in their own form, and after who they are has been looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from wallet.errors import Code, Refused

Message = MutableMapping[str, Any]
Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

PATIENCE_S: Final = 15.0
"""How long a body may take to begin: so long, or twice that. It has as long again to end."""
SLOWEST_BYTES_S: Final = 64 * 1024
"""Bytes a second: what may be longer may take longer."""


@dataclass(slots=True)
class Request:
    """One request; `headers` are of lower-case names, and one given twice has both values.

    Where the body is not whole `missing` says why: nobody may take its beginning for it.
    """

    scope: Scope
    headers: dict[str, str]
    body: bytes
    missing: Refused | None = None


class Receiver:
    """Reads requests of one event loop.

    A timer for each would cost every good one. Instead it is looked now and then whether a body
    that had not begun the last time still has not.
    """

    def __init__(self) -> None:
        self._patience_s = PATIENCE_S
        self._waiting: set[asyncio.Task[Any]] = set()
        self._waited: set[asyncio.Task[Any]] = set()
        self._ended: set[asyncio.Task[Any]] = set()
        self._is_looking = False

    async def read(self, scope: Scope, receive: Receive, most_bytes: int) -> Request:
        """Read a request. Of a body longer than `most_bytes` hardly more than that is read."""
        headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = str(raw_name, "latin1"), str(raw_value, "latin1")
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        request = Request(scope, headers, b"")
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > most_bytes:
            request.missing = Refused(Code.BODY_TOO_LARGE)
            return request
        task = asyncio.current_task()
        assert task is not None
        if not self._is_looking:
            self._look()
        self._waiting.add(task)
        try:
            message = await receive()
            self._waiting.discard(task)
            request.body = _part(message)
            left = (int(length) if length.isdecimal() else most_bytes + 1) - len(request.body)
            # A server may say "more" of a body that is whole.
            if message.get("more_body") and left > 0:
                limit_s = 2 * self._patience_s + most_bytes / SLOWEST_BYTES_S
                async with asyncio.timeout(limit_s):
                    await _rest(request, receive, left)
            if len(request.body) > most_bytes:
                request.missing = Refused(Code.BODY_TOO_LARGE)
        except _BrokenOff:
            request.missing = Refused(Code.MALFORMED, reason="The body is not whole.")
        except TimeoutError:
            request.missing = Refused(Code.REQUEST_TIMEOUT)
        except asyncio.CancelledError:
            if task not in self._ended:
                raise
            self._ended.discard(task)
            task.uncancel()
            request.missing = Refused(Code.REQUEST_TIMEOUT)
        finally:
            self._waiting.discard(task)
        return request

    def _look(self) -> None:
        """End the waits that had begun at the last look already."""
        for task in self._waited & self._waiting:
            self._ended.add(task)
            task.cancel()
        self._is_looking = not self._is_looking or bool(self._waiting)
        self._waited = set(self._waiting)
        if self._is_looking:
            asyncio.get_running_loop().call_later(self._patience_s, self._look)


class _BrokenOff(Exception):
    """The client went away before its body was whole, or what it sent is none."""


async def _rest(request: Request, receive: Receive, left: int) -> None:
    parts, more = [request.body], True
    try:
        while more and left > 0:
            message = await receive()
            parts.append(_part(message))
            left -= len(parts[-1])
            more = message.get("more_body", False)
    finally:
        request.body = b"".join(parts)


def _part(message: Message) -> bytes:
    if message["type"] != "http.request":
        raise _BrokenOff
    body: bytes = message.get("body", b"")
    return body
