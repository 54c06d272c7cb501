"""Hops on the event loop: a menu needs no thread, and what does is asked for elsewhere whole."""

import logging
import socket
import threading
from dataclasses import replace
from time import monotonic
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from redis import Redis

from tests.loop import LoopClient
from tests.ussd.handset import Handset
from ussd.events import Event
from ussd.machine import Machine
from ussd.menus import STATES
from ussd.sessions import Account, Session
from ussd.states import InThread, NeedsThread, Turn
from ussd.steps import take
from wallet.markets import MARKETS
from wallet.running.application import create_app

if TYPE_CHECKING:
    from ussd.states import ServiceSettings

TIMEOUT_S = 1


@pytest.fixture
def seen(monkeypatch):
    """How many hops were answered in a thread."""
    hops = []
    step = Machine.step

    def noted(machine, event, session):
        hops.append(1)
        return step(machine, event, session)

    monkeypatch.setattr(Machine, "step", noted)
    return hops


@pytest.fixture
def phones(town):
    """A phone to dial with, and a number to send to."""
    receiver = town.person("Brian").msisdn.replace("+254", "0")
    return town.person("Anna Wanjiku", balance=1_000_00), receiver


def test_menus_are_walked_on_the_loop(dial, phones, seen):
    sender, _ = phones
    phone = dial(sender)
    phone.press("4", "5", "0", "0", "1")
    assert (phone.label, seen) == ("send.receiver", [])


def test_a_receiver_is_looked_up_and_a_pin_taken_in_a_thread(dial, phones, seen):
    sender, receiver = phones
    phone = dial(sender)
    phone.press("1", receiver)
    assert seen == [1]
    phone.press("250")
    assert (phone.label, seen) == ("send.pin", [1])
    assert "KSh 250.00 sent to Brian" in phone.press("7294")
    assert seen == [1, 1]


def test_a_list_out_of_postgres_is_read_in_a_thread(dial, town, seen):
    payer = town.person("Anna Wanjiku", balance=1_000_00)
    town.hold(payer, town.merchant(period_s=86_400), 300_00)
    phone = dial(payer)
    phone.press("3")
    assert (phone.label, seen) == ("held.list", [1])


def test_a_number_nobody_registered_is_greeted_on_the_loop(dial, seen):
    phone = dial("+254722000009")
    assert (phone.label, seen) == ("register.start", [])


def test_a_number_we_do_not_serve_is_told_so_elsewhere(dial, seen):
    assert dial("+15551234567").label == "end.not_served"
    assert seen == [1]


def test_no_pin_is_taken_on_the_loop():
    secret = [state for state in STATES.values() if state.secret]
    assert len(secret) > 10
    assert all(isinstance(state.take, InThread) for state in secret)


@pytest.mark.parametrize(
    ("state", "typed"), [("pay.till", "12345"), ("send.pin", "7294"), ("main", "3")]
)
def test_what_needs_a_thread_is_not_begun_without_one(state, typed):
    terms = cast("ServiceSettings", SimpleNamespace(markets=MARKETS))
    session = Session(state, "en", "KE", "+254722000001", Account(1, "Anna", True, "active"))
    with pytest.raises(NeedsThread):
        take(Turn(terms, Event("test", "1", session.msisdn, "", "", ""), session), typed)


def test_a_defect_on_the_loop_is_logged_and_the_hop_answered_in_a_thread(
    dial, phones, seen, monkeypatch, caplog
):
    sender, _ = phones
    phone = dial(sender)
    monkeypatch.setattr("ussd.quick.unpack", lambda _: int("not 7294"))
    with caplog.at_level(logging.ERROR):
        phone.press("4")
    assert (phone.label, seen) == ("account", [1])
    assert caplog.text.count("ussd defect: ValueError") == 1
    assert "not 7294'" not in caplog.text


@pytest.fixture
def deaf():
    """A Valkey that takes every connection and never answers: its address, and who has come."""
    came: list[socket.socket] = []

    def accept():
        while True:
            try:
                came.append(listener.accept()[0])
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepting = threading.Thread(target=accept)
        accepting.start()
        patience = f"socket_timeout={TIMEOUT_S}&socket_connect_timeout={TIMEOUT_S}"
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}?{patience}", came
        listener.shutdown(socket.SHUT_RDWR)
    accepting.join()
    for connection in came:
        connection.close()


def test_while_valkey_does_not_answer_a_hop_waits_for_it_once(service, phones, deaf):
    address, came = deaf
    sender, _ = phones
    with Redis.from_url(address) as valkey:
        app = create_app(replace(service, valkey=valkey, valkey_url=address))
        app.test_client_class = LoopClient
        began = monotonic()
        phone = Handset(app.test_client(), sender.msisdn)
        assert phone.send("").startswith("END Kibubu is busy. This step moved no money.")
        assert TIMEOUT_S <= monotonic() - began < 2 * TIMEOUT_S
    assert len(came) == 1


def test_a_defect_in_a_thread_is_logged_once(dial, phones, seen, monkeypatch, caplog):
    sender, receiver = phones
    phone = dial(sender)
    phone.press("1")

    def broken(*_):
        raise ValueError("not 7294")

    monkeypatch.setattr("ussd.menus.send.person", broken)
    with caplog.at_level(logging.ERROR):
        phone.press(receiver)
    assert caplog.text.count("ussd defect: ValueError") == 1
    assert seen == [1]
