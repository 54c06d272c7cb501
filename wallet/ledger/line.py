"""A connection whose statements travel together: one way there and one way back for all of them.

This is libpq's pipeline, without cursors. A batch is a dozen statements however few its commands
are, and psycopg sends each by itself: as many system calls, and the server is woken as often.
"""

from __future__ import annotations

import re
import select
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result

Row = tuple[Any, ...]
Parameters = Mapping[str, Any] | Sequence[Any]

_PLACEHOLDER: Final = re.compile(r"%(?:%|s|\((\w+)\)s)")
_OK: Final = frozenset({pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK})


class Line:
    """Statements on one connection. Once one has failed, the connection is of no more use."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self._pgconn = connection.pgconn
        self._transformer = Transformer(connection)
        self._prepared: dict[str, bytes] = {}
        self._next: list[tuple[bool, str, Parameters]] = []

    def ask(self, statement: str, parameters: Parameters = ()) -> None:
        """Add a statement, with `%s` or `%(name)s` in it, to those that travel next.

        Parameters are text, numbers, times or None, and have the types that the statement says.
        """
        self._next.append((True, statement, parameters))

    def do(self, statement: str, parameters: Parameters = ()) -> None:
        """Add a statement likewise, of which nothing is to be returned."""
        self._next.append((False, statement, parameters))

    def answers(self) -> list[list[Row]]:
        """Send what was added; return the rows of each statement that was asked, in that order.

        Raises psycopg's error of the first that failed; what came after it was not done.
        """
        pgconn, statements = self._pgconn, self._next
        self._next = []
        pgconn.enter_pipeline_mode()
        expected = [each for statement in statements for each in self._send(*statement)]
        pgconn.pipeline_sync()
        while pgconn.flush():
            self._wait(select.POLLIN | select.POLLOUT)
        found = []
        for is_asked in expected:
            result = self._result()
            assert result is not None
            if result.status not in _OK:
                raise self._error(result)
            if is_asked:
                found.append(self._rows(result))
            end = self._result()
            assert end is None, end
        self._result()  # where the pipeline ends
        pgconn.exit_pipeline_mode()
        return found

    def _send(self, is_asked: bool, statement: str, parameters: Parameters) -> tuple[bool, ...]:
        """Send one; tell of each answer to come whether it is one that was asked for."""
        sql, names = _numbered(statement)
        if names:
            assert isinstance(parameters, Mapping), statement
            parameters = [parameters[each] for each in names]
        values = [None if each is None else str(each).encode() for each in parameters]
        if any(each is not None and b"\0" in each for each in values):
            raise psycopg.DataError("text holds a NUL character")  # libpq would end it there
        name = self._prepared.get(statement)
        if name is not None:
            self._pgconn.send_query_prepared(name, values)
            return (is_asked,)
        name = self._prepared[statement] = b"line_%d" % len(self._prepared)
        self._pgconn.send_prepare(name, sql)
        self._pgconn.send_query_prepared(name, values)
        return False, is_asked

    def _error(self, result: pq.abc.PGresult) -> psycopg.Error:
        """Return psycopg's error; one without a code is libpq's own: the connection is lost."""
        encoding = self.connection.info.encoding
        if result.error_field(pq.DiagnosticField.SQLSTATE) is None:
            return psycopg.OperationalError(result.get_error_message(encoding))
        return error_from_result(result, encoding)

    def _rows(self, result: pq.abc.PGresult) -> list[Row]:
        if not result.ntuples:
            return []
        self._transformer.set_pgresult(result)
        return self._transformer.load_rows(0, result.ntuples, tuple)

    def _result(self) -> pq.abc.PGresult | None:
        while self._pgconn.is_busy():
            self._wait(select.POLLIN)
        return self._pgconn.get_result()

    def _wait(self, events: int) -> None:
        poll = select.poll()
        poll.register(self._pgconn.socket, events)
        poll.poll()
        self._pgconn.consume_input()


@cache
def _numbered(statement: str) -> tuple[bytes, tuple[str, ...]]:
    """Return a statement with `$1` for its placeholders, and the names that these have, if any."""
    places: list[str | None] = []

    def number(found: re.Match[str]) -> str:
        name = found[1]
        if found[0] == "%%":
            return "%"
        if name is None or name not in places:
            places.append(name)
        return f"${len(places) if name is None else places.index(name) + 1}"

    sql = _PLACEHOLDER.sub(number, statement).encode()
    names = tuple(each for each in places if each is not None)
    assert len(names) in {0, len(places)}, statement
    return sql, names
