"""What the menus look up in Postgres of holders: whose number this is.

Every session begins with it, so it goes past the engine: one round trip on a connection in
autocommit, where the engine makes four. Never asked on a hop that is only a menu.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, cast

import psycopg
from sqlalchemy import Engine
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from wallet.database import CONNECT_TIMEOUT_S

log = logging.getLogger(__name__)

CONNECTIONS: Final = 4
MOST_CONNECTIONS: Final = 24
WAIT_S: Final = 4  # a gateway waits five
ANSWER_S: Final = 2.0  # on a loop: who comes while others are waiting waits for two answers

_CONNECT: Final[dict[str, Any]] = {
    "autocommit": True,
    "application_name": "kibubu ussd",
    "connect_timeout": CONNECT_TIMEOUT_S,
}

READ_HOLDERS: Final = """
    SELECT msisdn, id, name, language, market, status, pin_mac IS NOT NULL
      FROM holders
     WHERE msisdn = ANY(%(msisdns)s)
"""


@dataclass(frozen=True, slots=True)
class KnownHolder:
    """Whose number it is."""

    id: int
    name: str
    language: str
    market: str
    status: str
    has_pin: bool


class Holders:
    """Finds holders by number. Raises `psycopg.Error` or `SQLAlchemyError` where it cannot ask."""

    def __init__(self, engine: Engine) -> None:
        connect = partial(psycopg.connect, _address_of(engine), **_CONNECT)
        self._pool = QueuePool(
            cast("Callable[[], Any]", connect),
            pool_size=CONNECTIONS,
            max_overflow=MOST_CONNECTIONS - CONNECTIONS,
            timeout=WAIT_S,
            reset_on_return=None,
            use_lifo=True,
        )
        weakref.finalize(self, self._pool.dispose)

    def find(self, msisdn: str) -> KnownHolder | None:
        """Return the holder of a number, None where nobody has registered it."""
        return self.find_all([msisdn])[0]

    def find_all(self, msisdns: Sequence[str]) -> Sequence[KnownHolder | None]:
        """Return the holders of some numbers, in one round trip."""
        rows: list[tuple[Any, ...]] = []
        for attempts_left in reversed(range(MOST_CONNECTIONS)):
            pooled = self._pool.connect()  # fails where Postgres is down
            try:
                rows = _rows(pooled, msisdns)
                break
            except psycopg.OperationalError:
                if not attempts_left:  # else it was restarted: each connection of before is bad
                    raise
                log.info("a connection to the database was lost: it is asked again")
        return _in_order(msisdns, rows)


class LoopHolders:
    """Finds holders by number on an event loop, on one connection. Raises `psycopg.Error`.

    Within ANSWER_S there is an answer or an error: all of a loop wait for this one connection, so a
    server that is there and says nothing would stop every session that begins.
    """

    def __init__(self, engine: Engine) -> None:
        self._address = _address_of(engine)
        self._open: list[psycopg.AsyncConnection[tuple[Any, ...]]] = []  # the one, where there is
        weakref.finalize(self, _finish, self._open)

    async def find_all(self, msisdns: Sequence[str]) -> Sequence[KnownHolder | None]:
        """Return the holders of some numbers, in one round trip; one after the other."""
        deadline = asyncio.get_running_loop().time() + ANSWER_S
        if self._open:
            try:
                return await self._found(self._open[0], msisdns, deadline)
            except psycopg.OperationalError:
                # Postgres was restarted since: asking again does no harm.
                log.info("a connection to the database was lost: it is asked again")
        try:
            async with asyncio.timeout_at(deadline):
                connection = await psycopg.AsyncConnection.connect(self._address, **_CONNECT)
        except TimeoutError:
            raise psycopg.errors.ConnectionTimeout("the database does not answer") from None
        self._open.append(connection)
        return await self._found(connection, msisdns, deadline)

    async def _found(
        self,
        connection: psycopg.AsyncConnection[tuple[Any, ...]],
        msisdns: Sequence[str],
        deadline: float,
    ) -> Sequence[KnownHolder | None]:
        end = asyncio.get_running_loop().call_at(deadline, _break_off, connection)
        try:
            asked = {"msisdns": list(msisdns)}
            rows = await (await connection.execute(READ_HOLDERS, asked)).fetchall()
        except BaseException:
            self._open.clear()
            await connection.close()
            raise
        finally:
            end.cancel()
        return _in_order(msisdns, rows)


def _finish(left_open: list[psycopg.AsyncConnection[Any]]) -> None:
    for connection in left_open:
        connection.pgconn.finish()


def _break_off(connection: psycopg.AsyncConnection[Any]) -> None:
    """End the wait for an answer with an error; a cancelled one would ask the server to agree."""
    with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as same:
        same.shutdown(socket.SHUT_RDWR)


def _in_order(
    msisdns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> Sequence[KnownHolder | None]:
    found = {row[0]: KnownHolder(*row[1:]) for row in rows}
    return [found.get(msisdn) for msisdn in msisdns]


def _address_of(engine: Engine) -> str:
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def _rows(pooled: PoolProxiedConnection, msisdns: Sequence[str]) -> list[tuple[Any, ...]]:
    connection = pooled.driver_connection
    assert isinstance(connection, psycopg.Connection)
    try:
        rows = connection.execute(READ_HOLDERS, {"msisdns": list(msisdns)}).fetchall()
    except BaseException:
        pooled.invalidate()
        raise
    pooled.close()
    return rows
