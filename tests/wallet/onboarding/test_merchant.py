"""A merchant: atomic, with tills that nobody else has."""

from uuid import uuid4

import pytest

from wallet.errors import Code, Refused
from wallet.onboarding import merchant


def a_merchant(town, person, *tills, key=None, currencies=()):
    command = merchant.Command(
        0, key or uuid4(), person.id, "Duka", "Nairobi", "5411", 60, currencies,
        tills or (("Front", None),),
    )  # fmt: skip
    return town.service.poster.post(merchant.decide, command)


def test_a_merchant_has_terms_tills_and_settlement_accounts(town):
    anna = town.person()
    answer = a_merchant(town, anna, ("Front", "12345"), ("Back", None), currencies=("KES", "USD"))
    assert answer.answer["tills"][0]["number"] == "12345"
    kinds = town.sql("SELECT currency FROM accounts WHERE kind = 'settlement' ORDER BY currency")
    assert kinds == [("KES",), ("USD",)]
    assert town.sql("SELECT count(*) FROM tills WHERE merchant_id = :id", id=anna.id) == [(2,)]


def test_a_till_is_given_to_one_merchant_only(town):
    a_merchant(town, town.person(), ("Front", "12345"))
    with pytest.raises(Refused) as refusal:
        a_merchant(town, town.person(), ("Back", None), ("Front", "12345"))
    assert refusal.value.code is Code.INCORRECT_STATE
    assert town.sql("SELECT count(*) FROM merchants") == [(1,)]
