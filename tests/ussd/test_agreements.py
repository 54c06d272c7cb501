"""Offers and claims as a phone meets them: who registers has the money; a look is enough."""

import pytest

from tests.tables import Person
from tests.town import PIN
from tests.wallet.escrow.agreements import NUMBER, claimable, offered


@pytest.fixture
def anna(town):
    return town.person("Anna Wanjiku", balance=100_000)


def test_who_registers_by_phone_has_what_was_sent_to_the_number(dial, town, anna):
    contract = claimable(town, anna, 25_000)
    assert "registered" in dial(NUMBER).press("1", "Akinyi Adhiambo", PIN, PIN).lower()
    assert town.held(contract) == 0
    texts = town.texts(Person(0, NUMBER, ""))
    assert "Anna Wanjiku 0711000001 sent you KSh 250.00" in texts[0]
    assert "You received KSh 250.00 from Anna Wanjiku" in texts[-1]


def test_a_payer_sees_the_number_that_a_claim_waits_for(dial, town, anna):
    claimable(town, anna, 25_000)
    assert "0722000001" in dial(anna, "3").screen


def test_a_payer_who_looks_after_the_deadline_finds_nothing_held(dial, town, anna, clock):
    juma = town.person("Juma")
    offered(town, anna, juma, 25_000)
    assert "Juma" in dial(anna, "3").screen
    clock.advance(days=7)
    assert "Juma" not in dial(anna, "3").screen
    assert town.balance(juma) == 25_000


def test_an_offer_is_released_by_phone_like_any_held_payment(dial, town, anna):
    juma = town.person("Juma")
    offered(town, anna, juma, 25_000)
    dial(anna, "3*1*1").press(PIN)
    assert town.balance(juma) == 25_000
