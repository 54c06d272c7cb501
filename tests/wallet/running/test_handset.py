"""The phone in the terminal, against a real service over a real socket."""

import io
import re
import sys
import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console
from werkzeug.serving import make_server

from sms.gateways.console import ConsoleGateway
from sms.outbox import deliver_due
from tests.town import PIN
from wallet.running.application import create_app
from wallet.running.handset import CannotCall, phone


@pytest.fixture
def url(service):
    """Where the service is served, its texts being delivered."""
    server = make_server("127.0.0.1", 0, create_app(service), threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    stopping = threading.Event()

    def deliver():
        while not stopping.is_set():
            deliver_due(service.engine, ConsoleGateway(), service.clock.now())
            time.sleep(0.05)

    delivering = threading.Thread(target=deliver)
    for thread in (serving, delivering):
        thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    stopping.set()
    server.shutdown()
    server.server_close()
    for thread in (serving, delivering):
        thread.join()


@pytest.fixture
def use(url, service, monkeypatch):
    """Type these keys into the phone of a number; return what it showed, in one line."""

    def use(number: str, *keys: str) -> str:
        deliver_due(service.engine, ConsoleGateway(), service.clock.now())  # texts of before
        shown = io.StringIO()
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{key}\n" for key in keys)))
        phone(number, url, Console(file=shown, width=60))
        return " ".join(re.sub("[^ -~]", " ", shown.getvalue()).split())

    return use


def test_money_is_sent_from_the_terminal_and_the_text_is_shown(use, town):
    sender, receiver = town.person(balance=50_000), town.person("Otieno Odhiambo")
    shown = use(sender.msisdn, "*384*77#", "1", receiver.msisdn, "100", PIN)
    assert "Send KSh 100.00 to Otieno O." in shown
    assert "the session is over" in shown
    assert shown.rindex("SMS") < shown.index("You sent KSh 100.00")
    assert town.balance(receiver) == 10_000


def test_a_short_number_and_a_dialled_path_are_understood(use, town):
    someone = town.person()
    assert "Balance" in use("0" + someone.msisdn.removeprefix("+254"), "*384*77*4#")


def test_a_pipe_that_begins_with_a_key_dials_by_itself(use, town):
    assert "Till number:" in use(town.person().msisdn, "2")


def test_hanging_up_ends_the_session_and_once_more_switches_off(use, town):
    shown = use(town.person().msisdn, "*384*77#", "q", "1", "*999#", "q", "*384*77#")
    assert shown.count("1. Send money") == 1
    assert shown.count("Dial *384*77#.") == 2


def test_an_empty_input_is_sent_as_the_gateway_sends_it(use, town):
    shown = use(town.person().msisdn, "*384*77#", "", "2", "")
    assert "Nothing was typed." in shown


def test_a_number_that_is_none_is_said_to_be_so(url):
    with pytest.raises(CannotCall, match="no mobile number"):
        phone("12", url)


def test_a_service_that_is_not_there_is_said_to_be_so(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("*384*77#\n"))
    with pytest.raises(CannotCall, match="Nothing answers"):
        phone("+254722000001", "http://127.0.0.1:1")


def test_a_service_with_another_secret_is_said_to_be_so(url, monkeypatch):
    monkeypatch.setenv("KIBUBU_CALLBACK_TOKEN", "another-secret-0001")
    monkeypatch.setattr(sys, "stdin", io.StringIO("*384*77#\n"))
    with pytest.raises(CannotCall, match="403"):
        phone("+254722000001", url)


def test_inboxes_are_shown_in_development_only(service, town):
    someone = town.person()
    deliver_due(service.engine, ConsoleGateway(), service.clock.now())
    client = create_app(service).test_client()
    texts: Any = client.get(f"/dev/inbox/{someone.msisdn}").json
    assert [text["body"][:17] for text in texts] == ["Welcome to Kibubu"]
    assert client.get("/dev/inbox/12").status_code == 404
    production = replace(service, settings=replace(service.settings, environment="production"))
    client = create_app(production).test_client()
    assert client.get(f"/dev/inbox/{someone.msisdn}").status_code == 404
    client.application.extensions["kibubu"] = service
    assert client.get(f"/dev/inbox/{someone.msisdn}").status_code == 404
