"""POST /v1/cash-ins: an agent's, from their float."""

from uuid import uuid4

import pytest

from tests.village import kes, money

KEY = uuid4()


@pytest.fixture
def agent(village):
    return village.agent("Wanjiku", float_minor=500_00)


@pytest.fixture
def anna(village):
    return village.person("Anna")


def a_body(customer, **changes):
    return {"customer": customer.msisdn, "amount": kes("200.00"), "pin": "7294", **changes}


def cash_in(village, agent, body, key=None):
    return village.as_(agent).post("/v1/cash-ins", body, key=key or uuid4())


def test_cash_taken_is_credited_from_the_float(village, agent, anna):
    answer = cash_in(village, agent, a_body(anna))
    assert (answer.status_code, answer.json["balance"]) == (201, kes("300.00"))
    assert answer.json["receiver"] == {"name": "Anna", "msisdn": anna.msisdn}
    assert (village.balance(anna), village.balance(agent, "float")) == (200_00, 300_00)


def test_one_key_credits_once(village, agent, anna):
    first = cash_in(village, agent, a_body(anna), KEY)
    with village.unchanged():
        again = cash_in(village, agent, a_body(anna), KEY)
    assert (again.data, again.headers["Idempotency-Replayed"]) == (first.data, "true")


def test_only_an_agent_takes_cash_in(village, agent, anna):
    with village.unchanged():
        answer = cash_in(village, anna, a_body(agent))
    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")


BAD_BODIES = (
    ({"amount": kes("500.01")}, "insufficient_funds"),
    ({"amount": kes("250000.01")}, "greater_than_transaction_max_value"),
    ({"amount": kes("0.99")}, "less_than_transaction_min_value"),
    ({"amount": kes("0.00")}, "amount_not_positive"),
    ({"amount": kes(200.0)}, "amount_malformed"),
    ({"amount": money("200", "XYZ")}, "currency_not_supported"),
    ({"amount": "200.00"}, "format_error"),
    ({"customer": "hello"}, "phone_malformed"),
    ({"customer": "+254711999999"}, "receiver_unknown"),
    ({"pin": "0852"}, "pin_wrong"),
    ({"pin": 7294}, "pin_malformed"),
    ({"tip": "1"}, "format_error"),
)


def test_a_bad_cash_in_changes_nothing(village, agent, anna):
    with village.unchanged():
        for changes, code in BAD_BODIES:
            answer = cash_in(village, agent, {**a_body(anna), **changes})
            assert (changes, answer.json["code"]) == (changes, code)


def test_a_key_is_required(village, agent, anna):
    with village.unchanged():
        answer = village.as_(agent).post("/v1/cash-ins", a_body(anna))
    assert (answer.status_code, answer.json["code"]) == (400, "key_missing")
