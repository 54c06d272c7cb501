"""GET and SET on Valkey with as little as possible around them: both are on the way of each hop.

The client's own commands cost six times what the exchange itself does. Each thread keeps one of
the client's connections, and the event loop one that all its hops share, so what the client knows
of addresses, passwords and TLS still counts.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import weakref
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NewType, Protocol, cast

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import ResponseError

log = logging.getLogger(__name__)

_GET: Final = b"*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n"
_SET: Final = b"*5\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n$2\r\nEX\r\n$%d\r\n%d\r\n"


Command = NewType("Command", bytes)
"""A GET or a SET as it travels."""


class Wire(Protocol):
    """What is used of the client's connection."""

    def send_packed_command(self, command: list[bytes]) -> None: ...
    def read_response(self) -> object: ...
    def disconnect(self) -> None: ...


class Link:
    """Connections to one Valkey, one to a thread. Raises what the client raises."""

    def __init__(self, valkey: Redis) -> None:
        self._valkey = valkey
        self._own = threading.local()

    def get(self, name: bytes) -> bytes | None:
        """Return a value, None where there is none."""
        return self.exchange([get_command(name)])[0]

    def set(self, name: bytes, value: bytes, lifetime_s: int) -> None:
        """Store a value for so long."""
        self.exchange([set_command(name, value, lifetime_s)])

    def exchange(self, commands: Sequence[Command]) -> Sequence[bytes | None]:
        """Return the answers to some commands, in one round trip."""
        connection: Wire | None = getattr(self._own, "connection", None)
        if connection is not None:
            try:
                return _exchange(connection, commands)
            except Disconnected:  # it was restarted since: asking again does no harm
                log.info("a connection to valkey was lost: it is asked again")
        else:
            connection = self._own.connection = cast(
                "Wire", self._valkey.connection_pool.make_connection()
            )
        return _exchange(connection, commands)


class LoopLink:
    """The connection of an event loop to one Valkey. Raises what the client raises."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self._pool = AsyncRedis.from_url(
            url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s
        ).connection_pool
        self._connection: AbstractConnection | None = None

    async def exchange(self, commands: Sequence[Command]) -> Sequence[bytes | None]:
        """Return the answers to some commands, in one round trip; one exchange after the other."""
        if self._connection is not None:
            try:
                return await _exchange_on(self._connection, commands)
            except Disconnected:  # it was restarted since: asking again does no harm
                log.info("a connection to valkey was lost: it is asked again")
        else:
            self._connection = self._pool.make_connection()  # type: ignore[no-untyped-call]  # redis
            loop = asyncio.get_running_loop()
            weakref.finalize(self, _hang_up, loop, self._connection)
        return await _exchange_on(self._connection, commands)


def get_command(name: bytes) -> Command:
    """Return what asks for a value."""
    return Command(_GET % (len(name), name))


def set_command(name: bytes, value: bytes, lifetime_s: int) -> Command:
    """Return what stores a value for so long."""
    digits = len(str(lifetime_s))
    return Command(_SET % (len(name), name, len(value), value, digits, lifetime_s))


def _exchange(connection: Wire, commands: Sequence[Command]) -> Sequence[bytes | None]:
    answers: list[object] = []
    refused: ResponseError | None = None
    try:
        connection.send_packed_command([b"".join(commands)])
        for _ in commands:
            try:
                answers.append(connection.read_response())
            except ResponseError as error:  # an answer like any other: the others still come
                refused = error
    except BaseException:
        connection.disconnect()  # or the next command would read this one's answer
        raise
    if refused is not None:
        raise refused
    return cast("list[bytes | None]", answers)


async def _exchange_on(
    connection: AbstractConnection, commands: Sequence[Command]
) -> Sequence[bytes | None]:
    answers: list[object] = []
    refused: ResponseError | None = None
    try:
        if not connection.is_connected:
            await connection.connect()  # type: ignore[no-untyped-call]  # redis
        await connection.send_packed_command([b"".join(commands)])
        for _ in commands:
            try:
                answers.append(await connection.read_response())
            except ResponseError as error:  # an answer like any other: the others still come
                refused = error
    except BaseException:
        await connection.disconnect(nowait=True)  # or the next would read this one's answer
        raise
    if refused is not None:
        raise refused
    return cast("list[bytes | None]", answers)


def _hang_up(loop: asyncio.AbstractEventLoop, connection: AbstractConnection) -> None:
    with suppress(RuntimeError):  # the loop has ended, and its connections with it
        loop.call_soon_threadsafe(lambda: loop.create_task(connection.disconnect(nowait=True)))
