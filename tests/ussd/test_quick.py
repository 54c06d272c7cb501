"""Hops on the event loop: a menu needs no thread, and what does is asked for elsewhere whole."""

import pytest
from flask import request_started


@pytest.fixture
def seen(app):
    """How many hops came Flask's way, each in a thread."""
    hops = []

    def note(*_, **__):
        hops.append(1)

    with request_started.connected_to(note, app):
        yield hops


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
