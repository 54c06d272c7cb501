"""/v1/contracts: seen by its two parties, each of whom can act only in the other's favour."""

from uuid import uuid4

import pytest

from tests.village import Cases, kes, money, ref

KEY = uuid4()
PIN = {"pin": "7294"}


@pytest.fixture
def anna(village):
    return village.person("Anna", balance=1_000_00)


@pytest.fixture
def shop(village):
    return village.merchant("Mary")


@pytest.fixture
def held(village, anna, shop):
    """The reference of 250.00 of Anna's, held for the shop."""
    return ref(village.hold(anna, shop, 250_00))


def act(village, someone, held, what, body=None, key=None):
    path = f"/v1/contracts/{held}/{what}"
    return village.as_(someone).post(path, PIN if body is None else body, key=key or uuid4())


def test_both_parties_see_the_contract(village, anna, shop, held):
    for party in (anna, shop):
        seen = village.as_(party).get(f"/v1/contracts/{held}").json
        assert (seen["payer"], seen["payee"], seen["till"]) == ("Anna", "Duka Mary", shop.till)
        assert (seen["amount"], seen["held"]) == (kes("250.00"), kes("250.00"))
        assert (seen["released"], seen["returned"]) == (kes("0.00"), kes("0.00"))
        assert (seen["state"], seen["closed_at"]) == ("open", None)
        assert seen["deadline_at"] == "2026-01-06T09:00:00+00:00"


def test_to_a_stranger_it_does_not_exist(village, anna, held):
    eve = village.person("Eve")
    with village.unchanged():
        answers = [
            village.as_(eve).get(f"/v1/contracts/{held}"),
            act(village, eve, held, "releases"),
            act(village, eve, held, "returns"),
        ]
    unknown = village.as_(eve).get("/v1/contracts/000000000001")
    assert unknown.status_code == 404
    for answer in answers:
        assert (answer.status_code, answer.json) == (404, unknown.json)


def test_the_payer_releases_in_parts(village, anna, shop, held):
    first = act(village, anna, held, "releases", {"amount": kes("100.00"), **PIN})
    rest = act(village, anna, held, "releases")
    assert (first.status_code, first.json["held"]) == (201, kes("150.00"))
    assert (rest.json["amount"], rest.json["held"]) == (kes("150.00"), kes("0.00"))
    assert rest.json["contract"] == held
    assert village.balance(shop, "settlement") == 250_00
    seen = village.as_(anna).get(f"/v1/contracts/{held}").json
    assert (seen["state"], seen["released"]) == ("closed", kes("250.00"))


def test_the_payee_returns_in_parts(village, anna, shop, held):
    answer = act(village, shop, held, "returns", {"amount": kes("250.00"), **PIN})
    assert (answer.status_code, answer.json["held"]) == (201, kes("0.00"))
    assert village.balance(anna) == 1_000_00


def test_nobody_moves_held_money_to_themselves(village, anna, shop, held):
    with village.unchanged():
        to_self = act(village, shop, held, "releases"), act(village, anna, held, "returns")
    for answer in to_self:
        assert (answer.status_code, answer.json["code"]) == (403, "not_a_party")


def test_one_key_releases_once(village, anna, shop, held):
    part = {"amount": kes("100.00"), **PIN}
    first = act(village, anna, held, "releases", part, KEY)
    with village.unchanged():
        again = act(village, anna, held, "releases", part, KEY)
        other = act(village, anna, held, "releases", PIN, KEY)
    assert (again.data, again.headers["Idempotency-Replayed"]) == (first.data, "true")
    assert other.json["code"] == "key_reused"


BAD_ACTS: Cases = (
    ({"amount": kes("250.01"), **PIN}, "more_than_held"),
    ({"amount": kes("0"), **PIN}, "amount_not_positive"),
    ({"amount": kes("1.005"), **PIN}, "amount_too_precise"),
    ({"amount": kes(1), **PIN}, "amount_malformed"),
    ({"amount": money("1.00", "USD"), **PIN}, "currency_not_supported"),
    ({"amount": None, **PIN}, "format_error"),
    ({"pin": "72"}, "pin_malformed"),
    ({}, "format_error"),
    ({**PIN, "tip": "1"}, "format_error"),
)


def test_what_cannot_be_released_or_returned_is_refused(village, anna, shop, held):
    with village.unchanged():
        for body, code in BAD_ACTS:
            for someone, what in ((anna, "releases"), (shop, "returns")):
                answer = act(village, someone, held, what, body)
                assert (body, what, answer.json["code"]) == (body, what, code)


def test_a_closed_contract_moves_nothing(village, anna, shop, held):
    act(village, anna, held, "releases")
    with village.unchanged():
        for someone, what in ((anna, "releases"), (shop, "returns")):
            assert act(village, someone, held, what).json["code"] == "contract_closed"


def test_after_the_deadline_nothing_is_returned(village, anna, shop, held):
    village.service.clock.advance(86400)
    with village.unchanged():
        assert act(village, shop, held, "returns").json["code"] == "contract_past_deadline"


def test_a_wrong_pin_releases_nothing(village, anna, held):
    with village.unchanged():
        assert act(village, anna, held, "releases", {"pin": "0852"}).json["code"] == "pin_wrong"


def test_my_contracts_come_in_pages_without_those_of_others(village, anna, shop):
    mine = [ref(village.hold(anna, shop, minor)) for minor in (1_00, 2_00, 3_00)]
    village.hold(village.person(balance=10_00), shop, 4_00)
    first = village.as_(anna).get("/v1/contracts?limit=2").json
    second = village.as_(anna).get(f"/v1/contracts?limit=2&before={first['next']}").json
    assert [each["reference"] for each in first["items"] + second["items"]] == mine[::-1]
    assert second["next"] is None


def test_side_and_state_can_be_asked_for(village, anna, shop, held):
    closed = ref(village.hold(anna, shop, 1_00))
    act(village, anna, closed, "releases")
    as_payee = village.as_(shop).get("/v1/contracts?side=payee&open=true").json["items"]
    assert [each["reference"] for each in as_payee] == [held]
    assert village.as_(shop).get("/v1/contracts?side=payer").json["items"] == []


BAD_QUERIES = ("limit=0", "limit=201", "limit=x", "before=x", "side=other", "open=maybe", "page=2")


def test_a_query_that_makes_no_sense_is_refused(village, anna):
    for query in BAD_QUERIES:
        answer = village.as_(anna).get(f"/v1/contracts?{query}")
        assert (query, answer.status_code, answer.json["code"]) == (query, 422, "format_error")


def test_a_reference_that_is_none_is_not_found(village, anna):
    for path in ("x", "0" * 11, "0" * 13, "UUUUUUUUUUUU", "000000000001/disputes"):
        assert village.as_(anna).get(f"/v1/contracts/{path}").status_code == 404
