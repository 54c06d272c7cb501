"""A PIN proven minutes ago stands for the present one; nothing else does."""

from uuid import uuid4

import pytest

from tests.town import OTHER_PIN, WRONG_PIN
from wallet.clock import id_of
from wallet.errors import Code, Refused
from wallet.people import change
from wallet.people.pin import Pin
from wallet.people.proofs import LIFETIME


def prove(town, person) -> int:
    command = change.ProvePin(person.id, uuid4(), Pin("7294"))
    proof_id = id_of(town.service.poster.post(change.decide_prove_pin, command).answer["reference"])
    assert proof_id is not None
    return proof_id


def choose(town, person, proof_id, pin=None):
    command = change.ChangePin(person.id, uuid4(), pin, Pin(OTHER_PIN), proof_id)
    return town.service.poster.post(change.decide_change_pin, command)


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
