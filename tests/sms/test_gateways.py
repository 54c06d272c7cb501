"""A gateway of another kind needs its own file and a line: many reports at once, in JSON."""

import json
from types import SimpleNamespace
from typing import ClassVar, Literal

import pytest
from flask import Flask

from sms.gateways import Report
from sms.gateways.choice import CALLBACKS
from sms.http import VIEWS
from wallet.clock import Ids
from wallet.config import Section
from wallet.gateways import Answer
from wallet.web.callbacks import routes

KEY = "of that gateway alone"
STATES: dict[str, Literal["delivered", "failed"]] = {"DELIVERED": "delivered", "REJECTED": "failed"}


class Batched:
    """Tells of many texts at a time, and wants JSON back."""

    name: ClassVar[str] = "batched"
    method: ClassVar[str] = "PUT"
    most_bytes: ClassVar[int] = 128 * 1024
    section: ClassVar[type[Section] | None] = None
    taken: ClassVar[Answer] = (200, [("Content-Type", "application/json")], b"{}")

    def __init__(self, settings):
        pass

    def authentic(self, request):
        return request.headers.get("authorization") == KEY

    def read_reports(self, request):
        told = json.loads(request.body)["results"]
        return [Report(one["id"], STATES.get(one["status"]), one["status"]) for one in told]

    def read_senders(self, request):
        return [f"+{one['from']}" for one in json.loads(request.body)["results"]]


@pytest.fixture
def client(engine, clock):
    app = Flask(__name__)
    app.extensions["kibubu"] = SimpleNamespace(engine=engine, settings=None, clock=clock, ids=Ids())
    app.register_blueprint(routes("sms", (*CALLBACKS, Batched), VIEWS))
    return app.test_client()


def put(client, what, *results, key=KEY):
    headers = {"Authorization": key}
    return client.put(f"/sms/batched/{what}", json={"results": results}, headers=headers)


def test_every_report_of_a_request_is_recorded(client, outbox):
    sent = [{"id": f"id-{number}", "status": "DELIVERED"} for number in range(1_000)]
    answer = put(client, "report", *sent, {"id": "id-x", "status": "LOST"})
    assert (answer.status_code, answer.json) == (200, {})
    states = [row.state for row in outbox.reports()]
    assert (states.count("delivered"), states.count("LOST")) == (1_000, 1)


def test_every_text_of_a_request_is_answered(client, outbox):
    put(client, "inbound", {"from": "254711000002"}, {"from": "254711000003"}, {"from": "X"})
    assert [row.msisdn for row in outbox.rows()] == ["+254711000002", "+254711000003"]


@pytest.mark.parametrize("what", ["report", "inbound"])
def test_its_own_secret_guards_it(client, outbox, what):
    sent = {"id": "id-1", "status": "DELIVERED", "from": "254711000002"}
    assert put(client, what, sent, key="another").status_code == 403
    assert outbox.rows() == outbox.reports() == []
