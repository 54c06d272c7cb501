"""Onboarding: once for a holder, atomic, numbered without clashes, leaving an audit trail."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest

from wallet.errors import Code, Refused
from wallet.onboarding import onboard
from wallet.onboarding.records import ClientSecret, holder_id_of
from wallet.people.agents import AGENT_DIGITS, candidates


def an_agent(town, person, key=None, name="Mama Mboga"):
    command = onboard.Agent(0, key or uuid4(), person.id, name)
    return town.service.poster.post(onboard.decide_agent, command)


def a_merchant(town, person, *tills, key=None, currencies=()):
    command = onboard.Merchant(
        0, key or uuid4(), person.id, "Duka", "Nairobi", "5411", 60, currencies,
        tills or (("Front", None),),
    )  # fmt: skip
    return town.service.poster.post(onboard.decide_merchant, command)


def test_an_agent_has_a_number_and_an_empty_float(town):
    anna = town.person()
    answer = an_agent(town, anna).answer
    ((number, name),) = town.sql(
        "SELECT number, name FROM agents WHERE holder_id = :id", id=anna.id
    )
    assert (number, name) == (answer["agent"], "Mama Mboga")
    assert len(number) == AGENT_DIGITS
    assert town.sql("SELECT balance_minor FROM accounts WHERE kind = 'float'") == [(0,)]


def test_a_number_that_is_taken_is_passed_over(town):
    key, other, anna = uuid4(), town.agent(), town.person()
    first, second, *_ = candidates(key, AGENT_DIGITS)
    town.owner_sql(
        "UPDATE agents SET number = :taken WHERE holder_id = :id", taken=first, id=other.id
    )
    assert an_agent(town, anna, key).answer["agent"] == second


def test_numbers_follow_from_the_key_and_have_their_length():
    key = UUID(int=7)
    assert candidates(key, 5) == candidates(key, 5)
    assert {len(number) for number in candidates(key, 5) + candidates(UUID(int=8), 5)} == {5}
    assert all(number[0] != "0" for number in candidates(key, 6))


def test_one_holder_becomes_an_agent_once_however_many_ask(town):
    anna = town.person()

    def ask(_):
        try:
            return an_agent(town, anna).answer["agent"]
        except Refused as refusal:
            return refusal.code

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(ask, range(8)))
    assert outcomes.count(Code.ALREADY_REGISTERED) == 7
    assert town.sql("SELECT count(*) FROM agents") == [(1,)]


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


def test_a_shut_or_unknown_holder_becomes_nothing(town):
    anna = town.person()
    for status, code in (("frozen", Code.RECEIVER_FROZEN), ("closed", Code.RECEIVER_CLOSED)):
        town.set_status(anna, status)
        for onboarding in (an_agent, a_merchant):
            with pytest.raises(Refused) as refusal:
                onboarding(town, anna)
            assert refusal.value.code is code
    command = onboard.Operator(0, uuid4(), 17)
    with pytest.raises(Refused) as refusal:
        town.service.poster.post(onboard.decide_operator, command)
    assert refusal.value.code is Code.RECEIVER_UNKNOWN


def test_an_operator_is_made_of_a_holder(town):
    anna = town.person()
    command = onboard.Operator(0, uuid4(), anna.id)
    town.service.poster.post(onboard.decide_operator, command)
    assert town.sql("SELECT holder_id FROM operators") == [(anna.id,)]


def test_who_joins_leaves_a_posting_that_moves_nothing(town):
    anna, boss = town.person(), town.person()
    command = onboard.Agent(boss.id, uuid4(), anna.id, "Mama Mboga")
    id_ = town.id_in(town.service.poster.post(onboard.decide_agent, command))
    trail = town.sql("SELECT kind, actor_id, receiver_id FROM postings WHERE id = :id", id=id_)
    assert trail == [("onboard_agent", boss.id, anna.id)]
    assert town.sql("SELECT 1 FROM entries WHERE posting_id = :id", id=id_) == []


def test_a_partner_sent_again_with_another_secret_keeps_the_first(town):
    key = uuid4()

    def join(secret):
        command = onboard.Partner(0, key, "Gulf", "partner", "KE", ("USD",), ClientSecret(secret))
        return town.service.poster.post(onboard.decide_partner, command)

    first, mac = join("one"), town.sql("SELECT secret_mac FROM partners")
    assert join("two").replayed
    assert town.sql("SELECT secret_mac FROM partners") == mac
    assert first.answer["client_id"] == first.answer["reference"].lower()


def test_a_secret_shows_itself_to_nobody():
    assert "swordfish" not in f"{ClientSecret('swordfish')!r} {ClientSecret('swordfish')}"


def test_a_number_leads_to_its_holder(town):
    anna = town.person()
    assert holder_id_of(town.service.engine, anna.msisdn) == anna.id
    assert holder_id_of(town.service.engine, "+254711999999") is None
