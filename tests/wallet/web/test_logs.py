"""Logs: one JSON object a line, and nobody's secrets in them."""

import io
import json
import logging

import psycopg
import pytest
import sqlalchemy.exc
import structlog

from wallet.people.pin import Pin
from wallet.web.logs import HIDDEN, configure_logging, scrub


@pytest.fixture
def log():
    """Logs as they come out; afterwards logging is as pytest had it."""
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    stream = io.StringIO()
    configure_logging(stream)
    yield stream
    root.handlers, root.level = before
    structlog.reset_defaults()


def lines(log):
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_a_line_is_one_json_object_that_says_when_who_and_what(log):
    logging.getLogger("wallet.x").warning("the %s is down", "database")
    (line,) = lines(log)
    assert (line["event"], line["level"], line["logger"]) == (
        "the database is down",
        "warning",
        "wallet.x",
    )
    assert line["at"].endswith("Z")


def test_structlog_and_the_standard_library_write_alike(log):
    structlog.get_logger("wallet.x").info("sent", amount="250.00")
    logging.getLogger("wallet.x").info("sent", extra={"amount": "250.00"})
    first, second = ({**line, "at": ""} for line in lines(log))
    assert first == second


@pytest.mark.parametrize(
    "name",
    ["pin", "new_pin", "PIN", "code", "access_token", "refresh_token", "client_secret", "text",
     "body", "authorization", "ussdString", "password", "database_url"],
)  # fmt: skip
def test_what_holds_secrets_is_never_written(log, name):
    structlog.get_logger().info("x", **{name: "4071", "deep": {name: ["4071"]}})
    logging.getLogger().info("x", extra={name: "4071"})
    assert "4071" not in log.getvalue()
    assert log.getvalue().count(HIDDEN) == 3


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("to +254711000002.", "to +2547…002."),
        ("to 254711000002", "to 25471…002"),
        ("Key (msisdn)=(+254711000002)", "Key (msisdn)=(+2547…002)"),
        ("0711000002", "07110…002"),
        ("at 2026-01-05T09:00:00.123456+00:00", "at 2026-01-05T09:00:00.123456+00:00"),
        ("urn:uuid:4be6ed6c-5f0c-4e0b-9a0e-3f7c4f7b6d52", None),
        ("reference 1QGDF9BM0K7J of KES 250.00", None),
        ("in test_a_very_long_name_of_a_function_that_is_no_token_at_all", None),
        ("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl!", f"Bearer {HIDDEN}!"),
        ("Kq0Yy1l9kO2o3n6bq8m7d5r4s3t2u1v0w9x8y7z6A5B", HIDDEN),
    ],
)
def test_numbers_are_masked_and_tokens_taken_out(said, shown):
    assert scrub(said) == (said if shown is None else shown)


def test_an_exception_is_written_without_the_values_it_failed_at(log):
    try:
        try:
            raise psycopg.IntegrityError(
                "duplicate key\nDETAIL:  Key (body)=(482113 is your code)\nCONTEXT:  COPY 482113"
            )
        except psycopg.Error as cause:
            raise sqlalchemy.exc.IntegrityError(
                "INSERT INTO texts", {"body": "482113 is your code"}, cause
            ) from cause
    except sqlalchemy.exc.IntegrityError:
        logging.getLogger("wallet").exception("posting failed for %s", "+254711000002")
    (line,) = lines(log)
    assert "482113" not in log.getvalue()
    assert "+2547…002" in line["event"]
    assert "IntegrityError" in line["exception"]
    assert "test_logs" in line["exception"]


def test_a_pin_on_its_way_shows_itself_to_nobody(log):
    structlog.get_logger().info("checking", given=Pin("4071"), also=[Pin("4071")])
    assert "4071" not in log.getvalue()


def test_a_defect_of_a_request_is_logged_without_what_was_sent(log, own_app):
    @own_app.post("/breaks")
    def breaks():
        raise ZeroDivisionError

    body = {"pin": "4071", "receiver": "+254711000002"}
    answer = own_app.test_client().post("/breaks?pin=4071", json=body)
    (line,) = lines(log)
    assert answer.json["instance"] in line["event"]
    assert "ZeroDivisionError" in line["exception"]
    assert "4071" not in log.getvalue()
    assert "254711000002" not in log.getvalue()
