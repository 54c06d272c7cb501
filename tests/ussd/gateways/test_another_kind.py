"""A gateway of another kind needs its own file and a line: JSON, the latest input alone, signed."""

import hashlib
import hmac
import json
import logging
from dataclasses import dataclass, replace

import pytest

from tests.loop import LoopClient
from tests.town import PIN
from ussd.events import Event, Typed
from ussd.gateways import Ended
from ussd.gateways.choice import GATEWAYS
from wallet.gateways import NotUnderstood
from wallet.running.application import create_app
from wallet.running.settings import read_settings

KEY = b"of that gateway alone"


@dataclass(frozen=True)
class SignedSettings:
    """What that gateway alone needs."""

    key: bytes

    @classmethod
    def read(cls, reader):
        return cls(reader.required("KIBUBU_SIGNED_KEY", "it is served").encode())


class Signed:
    """Echoes the session with each screen, and tells of its end at the one address it has."""

    name = "signed"
    method = "POST"
    most_bytes = 4_096
    section = SignedSettings

    def __init__(self, settings):
        self.key = settings.section(SignedSettings).key

    def authentic(self, request):
        given = request.headers.get("x-signature", "")
        return hmac.compare_digest(signature(request.body, self.key), given)

    def read(self, request):
        told = json.loads(request.body)
        if "SessionId" not in told:
            raise NotUnderstood
        session, phone = told["SessionId"], "+" + told["Mobile"]
        hop = str(told["Sequence"])
        typed = told["Message"]
        event = Event(self.name, session, phone, "", "", typed, Typed.LATEST, hop)
        return Ended(event, "Timeout") if told["Type"] == "Timeout" else event

    def write(self, event, screen):
        told = {"Type": "Response" if screen.more else "Release", "Message": screen.text}
        if event is not None:
            told["SessionId"] = event.session_id
        return 200, [("Content-Type", "application/json")], json.dumps(told).encode()


def signature(body: bytes, key: bytes = KEY) -> str:
    return hmac.new(key, body, hashlib.sha256).hexdigest()


@pytest.fixture
def client(service, monkeypatch):
    monkeypatch.setattr("ussd.gateways.choice.GATEWAYS", (*GATEWAYS, Signed))
    service = replace(service, settings=read_settings({"KIBUBU_SIGNED_KEY": KEY.decode()}))
    app = create_app(service)
    app.test_client_class = LoopClient
    return app.test_client()


@pytest.fixture
def hop(client):
    def hop(phone, sequence, message="", kind="Response"):
        told = {"SessionId": "s-1", "Mobile": phone.lstrip("+"), "Sequence": sequence}
        body = json.dumps(told | {"Message": message, "Type": kind}).encode()
        return post(client, body)

    return hop


def post(client, body, **headers):
    headers = headers or {"X-Signature": signature(body)}
    return client.post("/ussd/signed", data=body, content_type="application/json", headers=headers)


def test_it_is_served_from_the_first_menu_to_the_payment(hop, town):
    sender, receiver = town.person(balance=500_000), town.person("Otieno Odhiambo")
    typed = ["*384*77#", "1", receiver.msisdn, "250", PIN]
    answers = [hop(sender.msisdn, number, each).json for number, each in enumerate(typed)]
    assert [answer["Type"] for answer in answers] == [*["Response"] * 4, "Release"]
    assert all(answer["SessionId"] == "s-1" for answer in answers)
    assert town.balance(receiver) == 25_000
    assert hop(sender.msisdn, 4, PIN).json == answers[-1]
    assert town.balance(receiver) == 25_000


@pytest.mark.parametrize(
    "headers",
    [{"X-Signature": "0" * 64}, {"X-Other": "1"}],
)
def test_its_own_secret_guards_it(client, headers):
    answer = client.post("/ussd/signed?token=development-callback", data=b"{}", headers=headers)
    assert (answer.status_code, answer.text) == (403, "forbidden\n")


def test_what_it_cannot_read_is_answered_as_it_wants_it(client):
    told = post(client, b"{}").json
    assert told["Type"] == "Release"
    assert "SessionId" not in told


def test_a_defect_of_its_adapter_is_logged_and_answered_with_a_screen(client, caplog):
    assert post(client, b"{").json["Message"].startswith("Sorry, something went wrong")
    assert "ussd defect: JSONDecodeError" in caplog.text


def test_the_end_of_a_session_may_come_to_the_address_of_hops(hop, town, caplog):
    caplog.set_level(logging.INFO)
    phone = town.person().msisdn
    hop(phone, 0)
    assert hop(phone, 1, kind="Timeout").text == "OK\n"
    assert "a ussd session ended: Timeout at main" in caplog.text
