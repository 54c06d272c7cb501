"""Change of a holder: language, status, tier."""

import pytest

from tests.facts import (
    KEY,
    Fault,
    a_holder,
    an_account,
    code_of,
    in_code_order,
    refusal,
    some_facts,
)  # fmt: skip
from wallet.errors import Code
from wallet.people import change_holder
from wallet.people.change_holder import Engagements
from wallet.people.holders import HolderChanged
from wallet.service import text_body

HOLDER = 1


def the_facts(*, known=True, balance=0, holder=None, tied=None):
    holders = [a_holder(HOLDER, **holder or {})] if known else []
    accounts = [an_account(11, HOLDER, balance), an_account(12, 99, 500)]
    return some_facts(holders, accounts, records=[Engagements(HOLDER, tied)])


def an_edit(language=None, status=None, tier=None):
    return change_holder.Command(0, KEY, HOLDER, language, status, tier)


EDIT_FAULTS: list[Fault] = [
    (Code.FORMAT_ERROR, {"tier": 2}),
    (Code.LANGUAGE_NOT_SUPPORTED, {"language": "th"}),
    (Code.INCORRECT_STATE, {"holder": {"status": "closed"}}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(EDIT_FAULTS))
def test_editing_a_holder_is_refused_in_code_order(wrong, code):
    assert code_of(change_holder.decide, an_edit, the_facts, wrong) is code


def test_nobody_is_edited_who_does_not_exist():
    assert code_of(change_holder.decide, an_edit, the_facts, {"known": False}) is Code.NOT_FOUND


@pytest.mark.parametrize("wrong", [{"status": "banana"}, {"tier": -1}])
def test_an_unknown_status_or_tier_is_refused(wrong):
    assert code_of(change_holder.decide, an_edit, the_facts, wrong) is Code.FORMAT_ERROR


def test_only_an_empty_wallet_can_be_closed():
    assert change_holder.decide(an_edit(status="closed"), the_facts(balance=0)).rows
    refused = refusal(change_holder.decide, an_edit(status="closed"), the_facts(balance=1))
    assert (refused.code, refused.facts) == (Code.INCORRECT_STATE, {"state": "balance_not_zero"})


@pytest.mark.parametrize("state", ["contract_open", "payout_under_way"])
def test_who_still_has_money_with_others_cannot_be_closed_but_can_be_frozen(state):
    refused = refusal(change_holder.decide, an_edit(status="closed"), the_facts(tied=state))
    assert (refused.code, refused.facts) == (Code.INCORRECT_STATE, {"state": state})
    assert change_holder.decide(an_edit(status="frozen"), the_facts(tied=state)).rows


def test_what_is_not_named_stays_as_it_is():
    decision = change_holder.decide(an_edit(status="frozen"), the_facts())
    assert decision.rows == (HolderChanged(HOLDER, "frozen", "en", 1),)
    assert decision.texts == ()


def test_a_new_language_is_confirmed_in_that_language():
    decision = change_holder.decide(an_edit(language="sw"), the_facts())
    (said,) = decision.texts
    assert (said.language, said.name) == ("sw", "language_changed")
    assert "*384*77#" in text_body(said)
