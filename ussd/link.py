"""GET and SET on Valkey with as little as possible around them: both are on the way of each hop.

The client's own commands cost six times what the exchange itself does. Each thread keeps one of
the client's connections, so what it knows of addresses, passwords and TLS still counts.
"""

from __future__ import annotations

import threading
from typing import Final, Protocol, cast

from redis import Redis
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import ResponseError

_GET: Final = b"*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n"
_SET: Final = b"*5\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n$2\r\nEX\r\n$%d\r\n%d\r\n"


class Wire(Protocol):
    """What is used of the client's connection."""

    def send_packed_command(self, command: list[bytes]) -> None: ...
    def read_response(self) -> object: ...
    def disconnect(self) -> None: ...


class Link:
    """Connections to one Valkey, one to a thread. Raises what the client raises."""

    def __init__(self, valkey: Redis) -> None:
        self._pool = valkey.connection_pool
        self._own = threading.local()

    def get(self, name: bytes) -> bytes | None:
        """Return a value, None where there is none."""
        return cast("bytes | None", self._ask(_GET % (len(name), name)))

    def set(self, name: bytes, value: bytes, lifetime_s: int) -> None:
        """Store a value for so long."""
        digits = len(str(lifetime_s))
        self._ask(_SET % (len(name), name, len(value), value, digits, lifetime_s))

    def _ask(self, command: bytes) -> object:
        connection: Wire | None = getattr(self._own, "connection", None)
        if connection is not None:
            try:
                return _exchange(connection, command)
            except Disconnected:
                pass  # Valkey was restarted since: asking again does no harm
        else:
            connection = self._own.connection = cast("Wire", self._pool.make_connection())
        return _exchange(connection, command)


def _exchange(connection: Wire, command: bytes) -> object:
    try:
        connection.send_packed_command([command])
        return connection.read_response()
    except ResponseError:
        raise  # an answer like any other: the connection is in step
    except BaseException:
        connection.disconnect()  # or the next command would read this one's answer
        raise
