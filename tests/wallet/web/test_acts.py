"""What holds for every act, whatever breaks: the loop is never held up, nothing is done twice."""

import re
import threading
from typing import Any
from uuid import uuid4

import orjson
import psycopg
import pytest

from tests.document import bodies
from tests.loop import SERVED
from tests.town import PIN
from tests.village import kes
from wallet.running.application import all_routes
from wallet.transfers import send
from wallet.transfers.routes import SEND
from wallet.web.acts import Act, ActRoute
from wallet.web.auth import ROLES
from wallet.web.body_reader import BodyReader
from wallet.web.errors import MEDIA_TYPE
from wallet.web.loop import OnLoop


@pytest.fixture
def anna(village):
    return village.person("Anna Wanjiku", balance=1_000_00)


@pytest.fixture
def brian(village):
    return village.person("Brian Otieno")


def a_body(receiver, **changes):
    return {"receiver": receiver.msisdn, "amount": kes("1.00"), "pin": PIN, **changes}


@pytest.fixture
def asking(monkeypatch):
    """The threads that ask the database."""
    threads = set()
    for kind in (psycopg.Cursor, psycopg.Connection):
        asked = kind.execute

        def execute(self, *args, asked=asked, **options):
            threads.add(threading.current_thread().name)
            return asked(self, *args, **options)

        monkeypatch.setattr(kind, "execute", execute)
    return threads


def test_no_act_asks_the_database_on_the_event_loop(village, asking):
    """It would keep everybody waiting."""
    document = village.app.test_client().get("/openapi.json").json
    everybody = village.as_(village.operator(), *ROLES)
    rules = [act.rule for routes in all_routes() for act in routes.acts]
    paths = {re.sub("<reference:([a-z_]+)>", r"{\1}", rule) for rule in rules}
    found = dict(bodies(document))
    for path in sorted(paths):
        filled = re.sub(r"\{\w+\}", "0000000000AC", path)
        answer = everybody.post(filled, found[f"POST {path}"], key=uuid4())
        assert answer.status_code < 500, (path, answer.json)
    assert "poster" in asking
    assert "test loop" not in asking


@pytest.mark.parametrize(("lines", "thread"), [(10, "test loop"), (10_000, "http")])
def test_a_long_body_is_not_read_on_the_event_loop(village, anna, monkeypatch, lines, thread):
    """A body that is wrong in thousands of places takes seconds to read."""
    readers = []
    read = BodyReader.read

    def noting(self, raw):
        readers.append(threading.current_thread().name)
        return read(self, raw)

    monkeypatch.setattr(BodyReader, "read", noting)
    body = {"lines": [{}] * lines, "total": kes("1.00"), "pin": PIN}
    answer = village.as_(anna).post("/v1/contracts/0000000000AC/orders", body, key=uuid4())
    assert (answer.status_code, answer.json["code"]) == (422, "format_error")
    assert [name.partition("_")[0] for name in readers] == [thread]


def test_a_long_body_is_read_as_a_short_one_is(village, anna, brian):
    body = orjson.dumps(a_body(brian)) + b" " * 2_000
    headers = {"Content-Type": "application/json"}
    answer = village.as_(anna).post("/v1/sends", key=uuid4(), data=body, headers=headers)
    assert (answer.status_code, village.balance(brian)) == (201, 1_00)


def test_who_waits_too_long_is_told_to_try_again_and_it_is_done_once(
    village, anna, brian, monkeypatch
):
    key = uuid4()
    with village.service.engine.begin() as connection:
        connection.exec_driver_sql("SELECT FROM accounts FOR UPDATE")
        monkeypatch.setattr("wallet.ledger.poster.WAIT_S", 0.05)
        late = village.as_(anna).post("/v1/sends", a_body(brian), key=key)
        monkeypatch.undo()
    assert (late.status_code, late.json["code"]) == (503, "service_unavailable")
    assert late.headers["Retry-After"] == "1"
    again = village.as_(anna).post("/v1/sends", a_body(brian), key=key)
    assert (again.status_code, village.balance(brian)) == (201, 1_00)


def broken(*_):
    raise ZeroDivisionError


def made(asked):
    return send.Command(
        asked.actor, asked.key, asked.body["pin"], asked.body["receiver"], asked.body["amount"]
    )


BROKEN: dict[str, dict[str, Any]] = {
    "make": {"make": broken},
    "prepare": {"prepare": broken},
    "tell": {"make": made, "tell": broken},
    "decide": {"make": made, "decide": broken},
}


@pytest.mark.parametrize("part", BROKEN)
def test_a_bug_in_an_act_is_a_number_to_its_caller_and_never_tells_a_pin(
    village, anna, brian, part, caplog
):
    parts = {**BROKEN[part]}
    decide, tell = parts.pop("decide", send.decide), parts.pop("tell", None)
    act = Act(SEND.body, SEND.roles, decide, SEND.receipt, tell)
    served = OnLoop(village.app, [ActRoute("/v1/sends", act, **parts)], {}, {}, {})
    village.app.extensions[SERVED] = (village.service, served)
    answer = village.as_(anna).post("/v1/sends", a_body(brian), key=uuid4())
    village.app.extensions.pop(SERVED)
    assert (answer.status_code, answer.content_type) == (500, MEDIA_TYPE)
    (line,) = [each for each in caplog.messages if "defect" in each]
    assert line.startswith(f"defect {answer.json['instance']}: ")
    assert caplog.text.count("Traceback") == 1
    assert "ZeroDivisionError" in caplog.text
    assert "ZeroDivisionError" not in answer.text
    assert PIN not in caplog.text
    assert village.balance(brian) == (1_00 if part == "tell" else 0)
