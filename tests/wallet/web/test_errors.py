"""Every error in one shape, whoever raised it, and none that tells too much."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from uuid import UUID

import orjson
import psycopg
import pytest
import sqlalchemy.exc
from flask import abort

from tests.loop import LoopClient
from wallet.errors import Code, Refused, Unavailable
from wallet.running.application import create_app
from wallet.web.errors import MEDIA_TYPE, Outages, problem
from wallet.web.statuses import STATUS, TITLE

SECRET = "PIN 7294 of +254711000002"
RAISED = {
    "refused": lambda: Refused(Code.INSUFFICIENT_FUNDS, needed="257.00"),
    "unavailable": lambda: Unavailable(SECRET),
    "operational": lambda: psycopg.OperationalError(SECRET),
    "alchemy": lambda: sqlalchemy.exc.OperationalError(SECRET, {}, Exception(SECRET)),
    "pool": lambda: sqlalchemy.exc.TimeoutError(SECRET),
    "defect": lambda: ZeroDivisionError(SECRET),
}


@pytest.fixture(scope="module")
def app_that_raises(shared_town):
    app = create_app(shared_town.service)
    app.test_client_class = LoopClient

    @app.get("/raises/<what>")
    def raises(what):
        error = RAISED[what]()
        raise error

    @app.get("/aborts/<int:status>")
    def aborts(status):
        abort(status)

    return app


@pytest.fixture
def client(app_that_raises):
    return app_that_raises.test_client()


def is_problem(answer):
    found = answer.json
    assert answer.content_type == MEDIA_TYPE
    assert found["status"] == answer.status_code
    assert found["type"] == f"/errors#{found['code']}"
    assert found["title"]
    assert found["detail"]
    return found


@pytest.mark.parametrize("table", [STATUS, TITLE])
def test_every_code_has_a_status_and_a_title(table):
    assert table.keys() == set(Code)


def test_statuses_say_that_the_caller_can_do_something():
    assert all(400 <= status < 500 for status in STATUS.values())
    assert all(title.endswith(".") for title in TITLE.values())


def test_a_refusal_tells_its_facts(client):
    answer = client.get("/raises/refused")
    found = is_problem(answer)
    assert (answer.status_code, found["code"]) == (422, "insufficient_funds")
    assert found["needed"] == "257.00"
    assert "257.00" in found["detail"]


SAID = (
    ({"minimum": {"amount": "1.00", "currency": "KES"}}, "minimum: 1.00 KES"),
    ({"one_of": ["KES", "USD"]}, "one_of: KES, USD"),
    ({"one_of": (None, True)}, "one_of: null, true"),
    ({"given": {"a": None}}, 'given: {"a":null}'),
    ({"left": 3}, "left: 3"),
    ({"until": datetime(2026, 1, 5, 9, tzinfo=UTC)}, "until: 2026-01-05T09:00:00+00:00"),
    ({"until": date(2026, 1, 5)}, "until: 2026-01-05"),
    ({"key": UUID(int=7)}, "key: 00000000-0000-0000-0000-000000000007"),
    ({"rate": Decimal("1.50")}, "rate: 1.50"),
    (
        {"errors": {"amount": ["Missing."], "pin": [{"x": False}]}},
        'amount: Missing. pin: {"x":false}',
    ),
)


def test_a_refusal_says_its_facts_as_people_write_them():
    for facts, said in SAID:
        _, _, body = problem(Code.FORMAT_ERROR, facts)
        assert orjson.loads(body)["detail"] == f"{TITLE[Code.FORMAT_ERROR]} {said}"


@pytest.mark.parametrize("what", ["unavailable", "operational", "alchemy", "pool"])
def test_what_is_down_may_be_tried_again(client, what):
    answer = client.get(f"/raises/{what}")
    assert (answer.status_code, is_problem(answer)["code"]) == (503, "service_unavailable")
    assert answer.headers["Retry-After"] == "1"
    assert SECRET not in answer.text


def test_of_an_outage_the_log_has_its_beginning_and_a_line_a_second(client, caplog, monkeypatch):
    monkeypatch.setattr("wallet.web.errors.outages", Outages())
    now = iter([100.0, 100.1, 100.9, 101.2, 101.3, 132.0])
    monkeypatch.setattr("wallet.web.errors.time", SimpleNamespace(monotonic=lambda: next(now)))
    for _ in range(6):
        client.get("/raises/operational")
    lines = [each for each in caplog.records if each.name == "wallet.web.errors"]
    assert [each.message for each in lines] == [
        "unavailable: OperationalError",
        "unavailable: OperationalError, and 2 more since the last line",
        "unavailable: OperationalError, and 1 more since the last line",  # a new outage
    ]
    assert [each.exc_info is not None for each in lines] == [True, False, True]


def test_a_defect_tells_nothing_but_where_the_log_tells_all(client, caplog):
    answer = client.get("/raises/defect")
    found = is_problem(answer)
    assert (answer.status_code, found["code"]) == (500, "internal_error")
    assert "Zero" not in answer.text
    assert SECRET not in answer.text
    assert found["instance"].startswith("urn:uuid:")
    assert found["instance"] in caplog.text
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "malformed"),
        (404, "not_found"),
        (405, "method_not_allowed"),
        (408, "request_timeout"),
        (409, "malformed"),
        (413, "body_too_large"),
        (415, "unsupported_media_type"),
        (422, "format_error"),
        (429, "rate_limit_error"),
    ],
)
def test_what_flask_aborts_with_is_a_problem_too(client, status, code):
    answer = client.get(f"/aborts/{status}")
    assert is_problem(answer)["code"] == code


def test_an_unknown_address_is_a_problem(client):
    answer = client.get("/v1/nowhere")
    assert (answer.status_code, is_problem(answer)["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/v1/sign-ins", "/ussd/africastalking", "/sms/africastalking/x"])
def test_a_wrong_method_tells_which_are_right(client, path):
    answer = client.delete(path)
    assert is_problem(answer)["code"] in {"method_not_allowed", "not_found"}
    assert answer.status_code == 404 or "POST" in answer.headers["Allow"]


def test_a_reference_that_cannot_be_one_is_not_found(client):
    for text in ("ILOU00000000", "1QGDF9BM0K7", "1QGDF9BM0K7J0", "..%2f..%2fetc"):
        assert is_problem(client.get(f"/v1/contracts/{text}"))["code"] == "not_found"


def test_every_401_says_how_to_authenticate(client):
    answer = client.get("/v1/me")
    assert (answer.status_code, is_problem(answer)["code"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_the_page_of_codes_lists_each_where_its_problem_points(client):
    page = client.get("/errors").text
    assert all(f'id="{code}"' in page for code in Code)
