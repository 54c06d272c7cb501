"""/v1/collections: an agent pays a merchant's payout in cash."""

from uuid import uuid4

import pytest

from tests.village import kes


@pytest.fixture
def shop(village):
    shop = village.merchant("Mary", period_s=0, bank=None)
    village.pay(village.person(balance=900_00), shop, 500_00)
    village.destination(shop, "cash", is_default=True)
    return shop


@pytest.fixture
def agent(village):
    return village.agent("Amina", float_minor=100_00)


@pytest.fixture
def payout(village, shop):
    body = {"amount": kes("300.00"), "pin": "7294"}
    return village.as_(shop).post("/v1/payouts", body, key=uuid4()).json


def code_of(village, shop):
    return village.texts(shop)[-1].partition("code ")[2][:8]


def collect(village, agent, shop, key=None, **changes):
    body = {"msisdn": shop.msisdn, "code": "00000000", "pin": "7294"} | changes
    return village.as_(agent).post("/v1/collections", body, key=key or uuid4())


@pytest.mark.rule("Cash at an agent takes a one-time code, which is good once.")
def test_the_code_is_good_once_for_cash_from_the_agents_float(village, shop, agent, payout):
    assert (payout["state"], payout["fee"]) == ("collectible", kes("60.00"))
    key, code = uuid4(), code_of(village, shop)
    answer = collect(village, agent, shop, key, code=code)
    assert (answer.status_code, answer.json["amount"]) == (201, kes("300.00"))
    assert answer.json["balance"] == kes("400.00")
    assert answer.json["payout"] == payout["reference"]
    with village.unchanged():
        assert collect(village, agent, shop, key, code=code).data == answer.data
        again = collect(village, agent, shop, code=code)
        assert (again.status_code, again.json["code"]) == (403, "cash_code_wrong")
    path = f"/v1/payouts/{payout['reference']}"
    assert village.as_(shop).get(path).json["state"] == "paid"
    assert village.balance(None, "fees") == 60_00


def test_each_of_two_payouts_has_its_own_code(village, shop, agent, payout):
    first = code_of(village, shop)
    village.pay(village.person(balance=900_00), shop, 500_00)
    body = {"amount": kes("100.00"), "pin": "7294"}
    village.as_(shop).post("/v1/payouts", body, key=uuid4())
    amounts = [
        collect(village, agent, shop, code=code).json["amount"]
        for code in (first, code_of(village, shop))
    ]
    assert amounts == [kes("300.00"), kes("100.00")]


BAD_BODIES = (
    ({"code": "1"}, "cash_code_wrong"),
    ({"code": 12345678}, "format_error"),
    ({"msisdn": "+254711099999"}, "cash_code_wrong"),
    ({"msisdn": "12"}, "phone_malformed"),
)


def test_what_no_cash_waits_for_moves_none(village, shop, agent, payout):
    before = village.balance(agent, "float")
    for changes, code in BAD_BODIES:
        answer = collect(village, agent, shop, **changes)
        assert (changes, answer.json["code"]) == (changes, code)
    assert village.balance(agent, "float") == before


def test_a_wrong_pin_of_the_agent_guesses_no_code(village, shop, agent, payout):
    answer = collect(village, agent, shop, pin="0852", code=code_of(village, shop))
    assert answer.json["code"] == "pin_wrong"
    assert village.sql("SELECT code_attempts, state FROM payouts") == [(0, "collectible")]


def test_the_merchant_cannot_be_the_agent(village, payout, shop):
    village.sql("INSERT INTO agents VALUES (:id, '31000', 'Mary')", id=shop.id)
    village.open_account(shop.id, "float", "KES")
    mary = village.as_(shop, "merchant", "agent")
    body = {"msisdn": shop.msisdn, "code": code_of(village, shop), "pin": "7294"}
    with village.unchanged():
        answer = mary.post("/v1/collections", body, key=uuid4())
        assert answer.json["code"] == "same_parties"
