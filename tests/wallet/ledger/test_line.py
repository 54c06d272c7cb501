"""Statements that travel together."""

import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from wallet.ledger.line import Line


@pytest.fixture
def line(libpq_url) -> Iterator[Line]:
    connection = psycopg.connect(libpq_url, autocommit=True)
    yield Line(connection)
    connection.close()


@pytest.fixture
def libpq_url(engine) -> str:
    url = engine.url.set(drivername="postgresql")
    return str(url.render_as_string(hide_password=False))


def count(line: Line) -> Any:
    line.ask("SELECT count(*) FROM kept")
    return line.answers()[0][0][0]


@pytest.fixture
def kept(line):
    line.do("CREATE TEMPORARY TABLE kept (id bigint, note text)")
    line.answers()


def test_answers_are_of_what_was_asked_in_the_order_of_the_asking(line, kept):
    line.ask("SELECT %s::int + %s::int, %s::text", (1, 2, None))
    line.do("INSERT INTO kept VALUES (%s, %s)", (1, "one"))
    line.ask(
        "SELECT id, note FROM kept WHERE note LIKE %(like)s OR note = %(like)s", {"like": "o%"}
    )
    line.ask("SELECT 'x' WHERE false")
    assert line.answers() == [[(3, None)], [(1, "one")], []]


def test_a_percent_sign_that_is_doubled_is_one(line):
    line.ask("SELECT 7 %% 4, '100%%'")
    assert line.answers() == [[(3, "100%")]]


def test_values_have_the_types_that_the_statement_says(line):
    at = datetime(2026, 1, 5, 9, 0, 0, 123456, tzinfo=UTC)
    line.ask("SELECT %s::timestamptz, %s::bigint, %s::text", (at, 1 << 62, "ñ '\"\\ 100%"))
    assert line.answers() == [[(at, 1 << 62, "ñ '\"\\ 100%")]]


@pytest.mark.parametrize("text", ["abc\0def", '{"abc\0def"}'])
def test_text_with_a_nul_is_refused_and_not_cut_off_there(line, text):
    """libpq takes text to end at it."""
    line.ask("SELECT %s::text", (text,))
    with pytest.raises(psycopg.DataError, match="NUL"):
        line.answers()


def test_nothing_asked_is_nothing_answered(line):
    assert line.answers() == []


def test_a_statement_is_prepared_once(line):
    for number in range(3):
        line.ask("SELECT %s::int", (number,))
        assert line.answers() == [[(number,)]]
    line.ask("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT $1::int'")
    assert line.answers() == [[(1,)]]


def test_what_comes_after_the_first_that_failed_is_not_done(line, libpq_url):
    line.do("INSERT INTO accounts (id, kind, currency, opened_at)"
            " VALUES (1, 'fees', 'KES', now())")  # fmt: skip
    line.ask("SELECT 1 / 0")
    line.do("COMMIT")
    line.ask("SELECT 1")
    with pytest.raises(psycopg.errors.DivisionByZero):
        line.answers()
    with psycopg.connect(libpq_url) as other:
        assert other.execute("SELECT count(*) FROM accounts WHERE id = 1").fetchone() == (0,)


def test_more_than_fits_the_socket_in_both_directions_arrives(line, kept):
    """Neither side may wait for the other to read first."""
    long = "x" * (1 << 22)
    for number in range(4):
        line.ask("INSERT INTO kept VALUES (%s, %s) RETURNING note", (number, long))
    assert [len(rows[0][0]) for rows in line.answers()] == [1 << 22] * 4
    assert count(line) == 4


def test_a_connection_that_is_lost_is_an_outage(line):
    """So that its batch is tried again whole, on a new connection."""
    line.ask("SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(psycopg.OperationalError):
        line.answers()
    line.ask("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        line.answers()


def test_a_socket_that_closes_without_a_word_is_an_outage(line):
    with socket.socket(fileno=os.dup(line.connection.fileno())) as same:
        same.shutdown(socket.SHUT_RDWR)
    line.ask("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        line.answers()
