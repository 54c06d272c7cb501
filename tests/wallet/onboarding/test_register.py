"""Register: a number becomes a holder with a wallet, by itself or by an agent."""

import pytest

from tests.facts import (
    KEY,
    PIN,
    Fault,
    a_holder,
    code_of,
    in_code_order,
    msisdn_of,
    some_facts,
    wordings,
)  # fmt: skip
from wallet.errors import Code
from wallet.ledger.posting import NewAccount
from wallet.onboarding.register import Command, decide
from wallet.people.holders import NewHolder
from wallet.people.pin import Pin, PinState
from wallet.service import text_body

AGENT = 1
NUMBER = msisdn_of(2)


def a_command(pin=PIN, language="en", market="KE", agent_id=None, tier=0):
    return Command(agent_id or 0, KEY, pin, NUMBER, "Amina", language, market, agent_id, tier)


def the_facts(*, taken=False, is_agent=True, agent=None):
    number = {"agent_number": "10001", "agent_name": "Agent Joe"} if is_agent else {}
    holders = [a_holder(AGENT, **number | (agent or {}))]
    return some_facts([*holders, a_holder(2)] if taken else holders)


FAULTS: list[Fault] = [
    (Code.LANGUAGE_NOT_SUPPORTED, {"language": "th"}),
    (Code.ALREADY_REGISTERED, {"taken": True}),
    (Code.SENDER_CLOSED, {"agent": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"agent": {"status": "frozen"}}),
    (Code.NOT_AN_AGENT, {"is_agent": False}),
    (Code.PIN_WEAK, {"pin": Pin("1111")}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_registration_is_refused_in_code_order(wrong, code):
    assert code_of(decide, a_command, the_facts, {"agent_id": AGENT} | wrong) is code


def test_a_new_holder_has_a_wallet_in_the_markets_currency_and_a_pin():
    facts = the_facts()
    decision = decide(a_command(), facts)
    holder, wallet, pin = decision.rows
    assert isinstance(holder, NewHolder)
    assert isinstance(wallet, NewAccount)
    assert isinstance(pin, PinState)
    assert (holder.holder.id, holder.holder.tier, holder.registered_by) == (facts.id, 0, None)
    assert (wallet.account.holder_id, wallet.account.currency) == (facts.id, "KES")
    assert pin.mac is not None


def test_registering_moves_no_money():
    assert decide(a_command(), the_facts()).posting.legs == ()


def test_who_is_registered_by_an_agent_chooses_the_pin_on_their_own_phone():
    decision = decide(a_command(pin=None, agent_id=AGENT), the_facts())
    assert not any(isinstance(row, PinState) for row in decision.rows)
    assert decision.answer["pin_set"] is False
    (body,) = map(text_body, decision.texts)
    assert "Agent Agent Joe registered you. Dial *384*77# to set your PIN." in body


def test_who_registers_is_welcomed_in_their_language():
    decision = decide(a_command(language="sw"), the_facts())
    assert wordings(decision) == {NUMBER: "welcome"}
    assert decision.texts[0].language == "sw"


def test_a_pin_of_the_own_number_is_weak():
    assert code_of(decide, a_command, the_facts, {"pin": Pin(NUMBER[-4:])}) is Code.PIN_WEAK
