"""A PIN is proven; for some minutes that stands for the present PIN, and nothing else does."""

from uuid import uuid4

import pytest

from tests.facts import (
    KEY,
    PIN,
    Fault,
    a_holder,
    code_of,
    in_code_order,
    pin_faults,
    some_facts,
)  # fmt: skip
from tests.town import OTHER_PIN, WRONG_PIN
from wallet.clock import id_of
from wallet.errors import Code, Refused
from wallet.people import change_pin, prove_pin
from wallet.people.pin import Pin
from wallet.people.prove_pin import LIFETIME

HOLDER = 1


def a_proof(pin=PIN):
    return prove_pin.Command(HOLDER, KEY, pin)


def the_facts(*, holder=None):
    return some_facts([a_holder(HOLDER, **holder or {})])


PROOF_FAULTS: list[Fault] = [
    (Code.SENDER_CLOSED, {"holder": {"status": "closed"}}),
    *pin_faults("holder"),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(PROOF_FAULTS))
def test_proving_a_pin_is_refused_in_code_order(wrong, code):
    assert code_of(prove_pin.decide, a_proof, the_facts, wrong) is code


def test_a_frozen_holder_may_still_prove_and_change_the_pin():
    frozen = the_facts(holder={"status": "frozen"})
    assert prove_pin.decide(a_proof(), frozen).answer["kind"] == "sign_in"
    change = change_pin.Command(HOLDER, KEY, PIN, Pin("8305"))
    assert change_pin.decide(change, frozen).answer["kind"] == "change_pin"


def prove(town, person) -> int:
    command = prove_pin.Command(person.id, uuid4(), Pin("7294"))
    proof_id = id_of(town.service.poster.post(prove_pin.decide, command).answer["reference"])
    assert proof_id is not None
    return proof_id


def choose(town, person, proof_id, pin=None):
    command = change_pin.Command(person.id, uuid4(), pin, Pin(OTHER_PIN), proof_id)
    return town.service.poster.post(change_pin.decide, command)


def test_a_proof_lasts_five_minutes(town, clock):
    person = town.person()
    proof_id = prove(town, person)
    clock.advance(int(LIFETIME.total_seconds()))
    assert choose(town, person, proof_id).answer["kind"] == "change_pin"


def test_a_proof_does_not_outlast_them(town, clock):
    person = town.person()
    proof_id = prove(town, person)
    clock.advance(int(LIFETIME.total_seconds()) + 1)
    with pytest.raises(Refused, match=Code.PIN_WRONG):
        choose(town, person, proof_id)


def test_somebody_elses_proof_proves_nothing(town):
    person, other = town.person(), town.person()
    with pytest.raises(Refused, match=Code.PIN_WRONG):
        choose(town, person, prove(town, other))


def test_a_payment_is_no_proof(town):
    person = town.person(balance=50_000)
    sent = town.id_in(town.send(person, town.person(), 100))
    with pytest.raises(Refused, match=Code.PIN_WRONG):
        choose(town, person, sent)


def test_no_posting_at_all_is_no_proof(town):
    with pytest.raises(Refused, match=Code.PIN_WRONG):
        choose(town, town.person(), 1)


def test_without_a_good_proof_the_present_pin_is_still_asked(town):
    person = town.person()
    with pytest.raises(Refused, match=Code.PIN_WRONG):
        choose(town, person, 1, Pin(WRONG_PIN))
    assert choose(town, person, 1, Pin("7294")).answer["kind"] == "change_pin"
