"""Hops: what is repeated, lost, out of order or at once moves money once or not at all."""

import logging
import threading
from dataclasses import replace

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from sqlalchemy import text

from sms.gsm7 import LIMIT, septets
from tests.town import PIN, WRONG_PIN, Town, started
from tests.ussd.handset import Handset
from ussd.events import Event, Typed
from ussd.machine import Machine
from ussd.states import ThreadTurn
from wallet.errors import Unavailable
from wallet.running.application import create_app

SECRETS = (PIN, WRONG_PIN, "2580")


@pytest.fixture
def sender(town):
    return town.person("Wanjiru Kamau", balance=500_000)


@pytest.fixture
def receiver(town):
    return town.person("Otieno Odhiambo")


@pytest.fixture
def asked(dial, sender, receiver) -> Handset:
    """A phone that is asked for the PIN of a payment of KSh 250."""
    phone: Handset = dial(sender)
    phone.press("1", receiver.msisdn, "250")
    return phone


def stored(valkey: Redis) -> str:
    """Everything Valkey holds."""
    return "\n".join(f"{key!r} {valkey.get(key)!r}" for key in valkey.scan_iter())


# Once ---------------------------------------------------------------------------------------


def test_a_repeated_pin_hop_pays_once_and_shows_the_same(asked, town, receiver):
    screen = asked.press(PIN)
    assert [asked.send(asked.text) for _ in range(3)] == [screen] * 3
    assert town.balance(receiver) == 25_000


def test_a_pin_hop_whose_answer_was_never_stored_pays_once(asked, town, receiver, redis_client):
    name = f"ussd:africastalking:{asked.session_id}"
    before = redis_client.get(name)
    first = asked.press(PIN)
    redis_client.flushdb()
    redis_client.set(name, before)  # the process died between the commit and the SET
    assert asked.send(asked.text) == first
    assert town.balance(receiver) == 25_000


def test_deliveries_of_one_pin_hop_at_once_pay_once(asked, app, town, receiver):
    typed, screens, start = f"{asked.text}*{PIN}", [], threading.Barrier(4)

    def deliver():
        phone = Handset(app.test_client(), asked.form["phoneNumber"], asked.form)
        start.wait()
        screens.append(phone.send(typed))

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(screens)) == 1
    assert "Confirmed" in screens[0]
    assert town.balance(receiver) == 25_000


def test_deliveries_of_a_wrong_pin_at_once_count_one_attempt(asked, app, town, sender):
    typed, start = f"{asked.text}*{WRONG_PIN}", threading.Barrier(3)

    def deliver():
        phone = Handset(app.test_client(), asked.form["phoneNumber"], asked.form)
        start.wait()
        phone.send(typed)

    threads = [threading.Thread(target=deliver) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = town.sql("SELECT pin_failures FROM holders WHERE id = :id", id=sender.id)
    assert [row[0] for row in rows] == [1]


def test_a_delivery_whose_process_died_is_settled_by_the_next(asked, redis_client, town, receiver):
    redis_client.set(f"ussd:africastalking:{asked.session_id}:3", b"1", ex=30)
    assert "Confirmed" in asked.press(PIN)
    assert town.balance(receiver) == 25_000


def test_two_payments_in_a_row_are_two_payments(dial, sender, receiver, town):
    for _ in range(2):
        dial(sender, f"1*{receiver.msisdn}*250").press(PIN)
    assert town.balance(receiver) == 50_000


def test_another_phone_cannot_continue_a_session(asked, town, receiver):
    thief = town.person("Thief")
    asked.form["phoneNumber"] = thief.msisdn
    assert asked.press(PIN).startswith("END Your inputs arrived out of order")
    assert town.balance(receiver) == 0


# What is kept -------------------------------------------------------------------------------


def test_no_pin_and_no_input_reaches_valkey(dial, sender, receiver, town, redis_client):
    seen = []
    dialler = dial(sender, "4*4")
    for pin in (WRONG_PIN, PIN, "2580", "2580"):
        dialler.press(pin)
        seen.append(stored(redis_client))
    new = dial("+254722000009", "1")
    new.press("1")
    for typed in ("Amina", "2580", "2580"):
        new.press(typed)
        seen.append(stored(redis_client))
    asked = dial(sender, f"1*{receiver.msisdn}*250")
    asked.press("2580")
    seen.append(stored(redis_client))
    assert all("ussd:" in each for each in seen)
    # Quoted, starred or alone: no token of what is stored is a PIN.
    for everything in seen:
        for secret in SECRETS:
            assert f'"{secret}"' not in everything
            assert f"*{secret}" not in everything
        assert asked.text not in everything


def test_sessions_are_forgotten_in_time(asked, redis_client):
    asked.press(WRONG_PIN)
    assert redis_client.keys()
    assert all(0 < redis_client.ttl(key) <= 300 for key in redis_client.scan_iter())


def test_no_pin_and_no_input_reaches_the_logs(asked, caplog, monkeypatch, receiver):
    caplog.set_level(logging.DEBUG)
    asked.press(WRONG_PIN)
    monkeypatch.setattr(ThreadTurn, "post", lambda *_: int("not " + PIN))
    assert asked.press(PIN).startswith("END Sorry, something went wrong on our side")
    assert "ussd defect: ValueError" in caplog.text
    for secret in (PIN, WRONG_PIN, receiver.msisdn, "not "):
        assert secret not in caplog.text.replace('int("not " + PIN)', "")


# What a hop costs ---------------------------------------------------------------------------


def test_a_hop_on_a_menu_asks_postgres_nothing(dial, sender, monkeypatch):
    phone, statements, execute = dial(sender), [], psycopg.Cursor.execute

    def note(cursor, statement, *rest, **options):
        statements.append(statement)
        return execute(cursor, statement, *rest, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", note)
    phone.press("4", "0", "1")
    assert statements == []
    phone.press("0722000002")  # whose number that is must be read
    assert len(statements) == 1


def test_a_hop_on_a_menu_is_one_get_and_one_set(dial, sender, redis_client):
    phone = dial(sender)
    redis_client.config_resetstat()
    phone.press("4")
    counted = redis_client.info("commandstats")
    assert {name: each["calls"] for name, each in counted.items() if "config" not in name} == {
        "cmdstat_get": 1,
        "cmdstat_set": 1,
    }


# What is down -------------------------------------------------------------------------------


def test_without_valkey_nothing_is_done_and_it_is_said(service, town, sender, receiver):
    dead = Redis.from_url("unix:///nowhere/valkey.sock")
    app = create_app(replace(service, valkey=dead))
    phone = Handset(app.test_client(), sender.msisdn)
    for typed in ("", f"1*{receiver.msisdn}*250*{PIN}"):
        assert phone.send(typed).startswith("END Kibubu is busy. This step moved no money.")
    assert town.balance(receiver) == 0


def test_valkey_lost_right_after_the_payment_still_shows_it(asked, town, receiver, monkeypatch):
    valkey = Redis.from_url("unix:///nowhere/valkey.sock")
    monkeypatch.setattr("ussd.sessions.Sessions.put", lambda *_: valkey.ping())
    assert "Confirmed" in asked.press(PIN)
    assert town.balance(receiver) == 25_000


def test_an_unsettled_payment_is_told_honestly_and_settled_by_the_same_hop(
    asked, town, receiver, monkeypatch
):
    def down(*_):
        raise Unavailable("the database is not reachable")

    with monkeypatch.context() as patch:
        patch.setattr(ThreadTurn, "post", down)
        assert asked.press(PIN).startswith("END We cannot confirm this yet. Do not pay again now")
    assert "Confirmed" in asked.send(asked.text)
    assert town.balance(receiver) == 25_000


def test_without_postgres_the_first_hop_says_so(redis_url):
    with started("postgresql://nobody@127.0.0.1:1/none", redis_url) as service:
        phone = Handset(create_app(service).test_client(), "+254722000001")
        assert phone.send("").startswith("END Kibubu is busy.")


def test_servers_that_are_killed_and_restarted_lose_no_payment(own_services, caplog):
    caplog.set_level(logging.INFO)
    own_services.migrate()
    with started(own_services.database_url, own_services.redis_url) as service:
        town = Town(service)
        sender, receiver = town.person(balance=50_000), town.person()
        phone = Handset(create_app(service).test_client(), sender.msisdn)
        phone.send("")
        phone.press("1", receiver.msisdn, "100")
        own_services.postgres.kill()
        assert phone.press(PIN).startswith("END We cannot confirm this yet.")
        own_services.postgres.start()
        assert "Confirmed" in phone.send(str(phone.text))
        own_services.valkey.kill()
        own_services.valkey.start()
        assert "went through" in phone.send(str(phone.text))
        assert town.balance(receiver) == 10_000
    assert "a connection to valkey was lost: it is asked again" in caplog.text


# Gateways that send only the latest input ---------------------------------------------------


def test_a_gateway_that_sends_only_the_latest_input_is_served_alike(
    service, town, sender, receiver
):
    machine = Machine.of(service)
    hop = Event("other", "S1", sender.msisdn, "*384*77#", "", "*384*77#", Typed.LATEST, "0")
    screens = [machine.answer(hop)]
    for number, typed in enumerate(["1", receiver.msisdn, "250", PIN, PIN], start=1):
        # The last two are one hop, delivered twice.
        screens.append(machine.answer(replace(hop, typed=typed, hop=str(min(number, 4)))))
    assert screens[0].label == "main"
    assert screens[-1] == screens[-2]
    assert "Confirmed" in screens[-1].text
    assert town.balance(receiver) == 25_000


# Anything at all ----------------------------------------------------------------------------

KEYS = st.one_of(
    st.sampled_from(["0", "00", "1", "2", "3", "4", "5", "98", PIN, WRONG_PIN, "0722000001", "50"]),
    st.text(max_size=20),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(keys=st.lists(KEYS, max_size=12))
def test_whatever_is_typed_there_is_a_screen_that_fits(dial, sender, keys):
    phone = dial(sender)
    for key in keys:
        screen = phone.press(key.encode("utf-8", "replace").decode())
        assert septets(screen[4:]) <= LIMIT
        assert phone.label != "end.defect"
        if not phone.more:
            break


def test_the_books_name_no_pin(asked, service):
    asked.press(PIN)
    with service.engine.connect() as connection:
        rows = connection.execute(text("SELECT answer::text, kind FROM postings")).all()
    assert all(f'"{PIN}"' not in str(row) for row in rows)


def test_a_new_release_that_knows_a_menu_no_more_ends_the_session(asked, redis_client):
    name = f"ussd:africastalking:{asked.session_id}"
    redis_client.set(name, redis_client.get(name).replace(b'"send.pin"', b'"send.old"', 1))
    assert asked.press(PIN).startswith("END Your session was lost.")


def test_a_session_of_an_older_release_is_lost(asked, redis_client, town: Town, receiver):
    redis_client.set(f"ussd:africastalking:{asked.session_id}", b"[0]")
    assert asked.press(PIN).startswith("END Your session was lost.")
    assert town.balance(receiver) == 0
