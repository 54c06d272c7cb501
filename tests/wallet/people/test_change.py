"""Changes that move no money: PIN, language, status, tier; and the proof of a PIN."""

from datetime import timedelta

import pytest

from tests.facts import (
    KEY,
    NOW,
    PIN,
    WRONG_PIN,
    Fault,
    a_holder,
    an_account,
    code_of,
    in_code_order,
    msisdn_of,
    pin_faults,
    refusal,
    some_facts,
    wordings,
)  # fmt: skip
from wallet.errors import Code
from wallet.people.change import (  # fmt: skip
    ChangeHolder,
    ChangePin,
    ProvePin,
    decide_change_holder,
    decide_change_pin,
    decide_prove_pin,
)
from wallet.people.holders import HolderChanged
from wallet.people.pin import Pin, PinState
from wallet.people.ties import Engagements
from wallet.service import text_body

HOLDER = 1
NEW_PIN = Pin("8305")


def a_change(pin=PIN, chosen=NEW_PIN):
    return ChangePin(HOLDER, KEY, pin, chosen)


def a_proof(pin=PIN):
    return ProvePin(HOLDER, KEY, pin)


def the_facts(*, known=True, balance=0, holder=None, tied=None):
    holders = [a_holder(HOLDER, **holder or {})] if known else []
    accounts = [an_account(11, HOLDER, balance), an_account(12, 99, 500)]
    return some_facts(holders, accounts, records=[Engagements(HOLDER, tied)])


CHANGE_FAULTS: list[Fault] = [
    (Code.SENDER_CLOSED, {"holder": {"status": "closed"}}),
    (Code.PIN_LOCKED, {"holder": {"pin_locked_until": NOW + timedelta(seconds=1)}}),
    (Code.PIN_WRONG, {"pin": WRONG_PIN}),
    (Code.PIN_WEAK, {"chosen": Pin("1111")}),
    (Code.PIN_USED_BEFORE, {"chosen": PIN}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(CHANGE_FAULTS))
def test_changing_a_pin_is_refused_in_code_order(wrong, code):
    assert code_of(decide_change_pin, a_change, the_facts, wrong) is code


def test_a_holder_with_a_pin_cannot_choose_one_without_giving_it():
    assert refusal(decide_change_pin, a_change(pin=None), the_facts()).code is Code.PIN_WRONG


def test_a_first_pin_needs_no_present_one():
    decision = decide_change_pin(a_change(pin=None), the_facts(holder={"pin": None}))
    (row,) = decision.rows
    assert isinstance(row, PinState)
    assert row.mac == NEW_PIN.mac(b"k" * 32, HOLDER, row.salt or b"")


def test_the_holder_is_told_that_the_pin_was_changed():
    decision = decide_change_pin(a_change(), the_facts())
    assert wordings(decision) == {msisdn_of(HOLDER): "pin_changed"}
    assert decision.posting.legs == ()


PROOF_FAULTS: list[Fault] = [
    (Code.SENDER_CLOSED, {"holder": {"status": "closed"}}),
    *pin_faults("holder"),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(PROOF_FAULTS))
def test_proving_a_pin_is_refused_in_code_order(wrong, code):
    assert code_of(decide_prove_pin, a_proof, the_facts, wrong) is code


def test_a_frozen_holder_may_still_prove_and_change_the_pin():
    frozen = the_facts(holder={"status": "frozen"})
    assert decide_prove_pin(a_proof(), frozen).answer["kind"] == "sign_in"
    assert decide_change_pin(a_change(), frozen).answer["kind"] == "change_pin"


def an_edit(language=None, status=None, tier=None):
    return ChangeHolder(0, KEY, HOLDER, language, status, tier)


EDIT_FAULTS: list[Fault] = [
    (Code.FORMAT_ERROR, {"tier": 2}),
    (Code.LANGUAGE_NOT_SUPPORTED, {"language": "th"}),
    (Code.INCORRECT_STATE, {"holder": {"status": "closed"}}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(EDIT_FAULTS))
def test_editing_a_holder_is_refused_in_code_order(wrong, code):
    assert code_of(decide_change_holder, an_edit, the_facts, wrong) is code


def test_nobody_is_edited_who_does_not_exist():
    assert code_of(decide_change_holder, an_edit, the_facts, {"known": False}) is Code.NOT_FOUND


@pytest.mark.parametrize("wrong", [{"status": "banana"}, {"tier": -1}])
def test_an_unknown_status_or_tier_is_refused(wrong):
    assert code_of(decide_change_holder, an_edit, the_facts, wrong) is Code.FORMAT_ERROR


def test_only_an_empty_wallet_can_be_closed():
    assert decide_change_holder(an_edit(status="closed"), the_facts(balance=0)).rows
    refused = refusal(decide_change_holder, an_edit(status="closed"), the_facts(balance=1))
    assert (refused.code, refused.facts) == (Code.INCORRECT_STATE, {"state": "balance_not_zero"})


@pytest.mark.parametrize("state", ["contract_open", "payout_under_way"])
def test_who_still_has_money_with_others_cannot_be_closed_but_can_be_frozen(state):
    refused = refusal(decide_change_holder, an_edit(status="closed"), the_facts(tied=state))
    assert (refused.code, refused.facts) == (Code.INCORRECT_STATE, {"state": state})
    assert decide_change_holder(an_edit(status="frozen"), the_facts(tied=state)).rows


def test_what_is_not_named_stays_as_it_is():
    decision = decide_change_holder(an_edit(status="frozen"), the_facts())
    assert decision.rows == (HolderChanged(HOLDER, "frozen", "en", 1),)
    assert decision.texts == ()


def test_a_new_language_is_confirmed_in_that_language():
    decision = decide_change_holder(an_edit(language="sw"), the_facts())
    (said,) = decision.texts
    assert (said.language, said.name) == ("sw", "language_changed")
    assert "*384*77#" in text_body(said)
