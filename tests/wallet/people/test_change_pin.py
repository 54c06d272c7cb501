"""Change of a PIN: the present one is asked for, or a proof of it."""

from datetime import timedelta

import pytest

from tests.facts import (
    KEY,
    NOW,
    PIN,
    WRONG_PIN,
    Fault,
    a_holder,
    code_of,
    in_code_order,
    msisdn_of,
    refusal,
    some_facts,
    wordings,
)  # fmt: skip
from wallet.errors import Code
from wallet.people import change_pin
from wallet.people.pin import Pin, PinState

HOLDER = 1
NEW_PIN = Pin("8305")


def a_change(pin=PIN, chosen=NEW_PIN):
    return change_pin.Command(HOLDER, KEY, pin, chosen)


def the_facts(*, holder=None):
    return some_facts([a_holder(HOLDER, **holder or {})])


CHANGE_FAULTS: list[Fault] = [
    (Code.SENDER_CLOSED, {"holder": {"status": "closed"}}),
    (Code.PIN_LOCKED, {"holder": {"pin_locked_until": NOW + timedelta(seconds=1)}}),
    (Code.PIN_WRONG, {"pin": WRONG_PIN}),
    (Code.PIN_WEAK, {"chosen": Pin("1111")}),
    (Code.PIN_USED_BEFORE, {"chosen": PIN}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(CHANGE_FAULTS))
def test_changing_a_pin_is_refused_in_code_order(wrong, code):
    assert code_of(change_pin.decide, a_change, the_facts, wrong) is code


def test_a_holder_with_a_pin_cannot_choose_one_without_giving_it():
    assert refusal(change_pin.decide, a_change(pin=None), the_facts()).code is Code.PIN_WRONG


def test_a_first_pin_needs_no_present_one():
    decision = change_pin.decide(a_change(pin=None), the_facts(holder={"pin": None}))
    (row,) = decision.rows
    assert isinstance(row, PinState)
    assert row.mac == NEW_PIN.mac(b"k" * 32, HOLDER, row.salt or b"")


def test_the_holder_is_told_that_the_pin_was_changed():
    decision = change_pin.decide(a_change(), the_facts())
    assert wordings(decision) == {msisdn_of(HOLDER): "pin_changed"}
    assert decision.posting.legs == ()
