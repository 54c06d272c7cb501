"""What makes two commands the same one: their contents, never their PIN."""

from dataclasses import fields, is_dataclass
from uuid import UUID

import pytest

from tests.wallet.ledger.classes import all_classes
from wallet.escrow import pay
from wallet.ledger.poster import fingerprint
from wallet.money import Money
from wallet.people import change_pin, prove_pin
from wallet.people.pin import Pin
from wallet.transfers import cash_in, send

KEY, OTHER_KEY = UUID(int=1), UUID(int=2)
PIN, OTHER_PIN = Pin("7294"), Pin("8305")
RECEIVER, OTHER = "+254711000002", "+254711000003"
KES = Money("KES", 25_000)
A_SEND = send.Command(1, KEY, PIN, RECEIVER, KES)


@pytest.mark.parametrize(
    "same",
    [
        send.Command(1, KEY, OTHER_PIN, RECEIVER, KES),
        send.Command(1, OTHER_KEY, PIN, RECEIVER, KES),
        send.Command(2, KEY, PIN, RECEIVER, KES),
    ],
)
def test_pin_key_and_actor_are_no_part_of_the_contents(same):
    assert fingerprint(same) == fingerprint(A_SEND)


@pytest.mark.parametrize(
    "other",
    [
        send.Command(1, KEY, PIN, OTHER, KES),
        send.Command(1, KEY, PIN, RECEIVER, Money("KES", 25_001)),
        send.Command(1, KEY, PIN, RECEIVER, Money("USD", 25_000)),
        cash_in.Command(1, KEY, PIN, RECEIVER, KES),
    ],
)
def test_other_contents_have_another_fingerprint(other):
    assert fingerprint(other) != fingerprint(A_SEND)


def test_no_command_counts_the_pin_that_proves_it_among_its_contents():
    commands = [each for each in all_classes() if is_dataclass(each) and hasattr(each, "KIND")]
    proofs = [each for kind in commands for each in fields(kind) if each.name == "pin"]
    assert len(proofs) > 25
    assert not any(each.compare for each in proofs)


def test_an_order_is_part_of_a_payment():
    plain = pay.Command(1, KEY, PIN, "50001", KES)
    assert fingerprint(plain) != fingerprint(pay.Command(1, KEY, PIN, "50001", KES, "INV-7"))


def test_a_command_without_contents_is_still_one_of_its_kind():
    proof = prove_pin.Command(1, KEY, PIN)
    assert fingerprint(proof) == fingerprint(prove_pin.Command(1, OTHER_KEY, OTHER_PIN))
    assert fingerprint(proof) != fingerprint(change_pin.Command(1, KEY, PIN, OTHER_PIN))


def test_a_pin_shows_nowhere_in_what_is_hashed():
    assert "7294" not in repr(A_SEND)
