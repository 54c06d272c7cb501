"""/v1/offers, /v1/claims and what is done with them: seen by both sides, returned, claimed."""

from uuid import uuid4

import pytest

from tests.callers import code_in
from tests.village import Cases, kes, money, ref
from tests.wallet.escrow.agreements import NUMBER, claimable, offered

PIN = {"pin": "7294"}
OFFER = {**PIN, "amount": kes("250.00"), "period_days": 7, "description": "Two bags of maize"}
CLAIM = {**PIN, "receiver": NUMBER, "amount": kes("250.00")}


@pytest.fixture
def anna(village):
    return village.person("Anna", balance=1_000_00)


@pytest.fixture
def juma(village):
    return village.person("Juma")


def post(village, someone, path, body, key=None):
    return village.as_(someone).post(path, body, key=key or uuid4())


def act(village, someone, contract_id, what, body=PIN, key=None):
    return post(village, someone, f"/v1/contracts/{ref(contract_id)}/{what}", body, key)


def seen(village, someone, contract):
    return village.as_(someone).get(f"/v1/contracts/{contract}").json


@pytest.mark.rule(
    "Any two holders may agree directly: the payer offers an amount, a period and a description, "
    "and the fee of a send comes on top."
)
def test_an_offer_is_held_and_both_sides_see_what_for(village, anna, juma):
    answer = post(village, anna, "/v1/offers", {**OFFER, "payee": juma.msisdn})
    assert answer.status_code == 201
    assert (answer.json["fee"], answer.json["balance"]) == (kes("7.00"), kes("743.00"))
    for party in (anna, juma):
        found = seen(village, party, answer.json["contract"])
        assert (found["origin"], found["description"]) == ("offer", "Two bags of maize")
        assert (found["payer"], found["payee"], found["till"]) == ("Anna", "Juma", None)
        assert found["deadline_at"] == "2026-01-12T09:00:00+00:00"
        assert found["at_deadline"] == "release"


def test_an_offer_for_no_days_arrives_at_once(village, anna, juma):
    answer = post(village, anna, "/v1/offers", {**OFFER, "payee": juma.msisdn, "period_days": 0})
    assert (answer.json["contract"], answer.json["deadline_at"]) == (None, None)
    assert village.balance(juma) == 250_00


def test_one_key_offers_and_sends_once(village, anna, juma):
    for path, body in (("/v1/offers", {**OFFER, "payee": juma.msisdn}), ("/v1/claims", CLAIM)):
        key = uuid4()
        first = post(village, anna, path, body, key)
        with village.unchanged():
            again = post(village, anna, path, body, key)
            other = post(village, anna, path, body | {"amount": kes("1.00")}, key)
        assert (again.data, again.headers["Idempotency-Replayed"]) == (first.data, "true")
        assert other.json["code"] == "key_reused"


BAD_OFFERS: Cases = (
    ({"period_days": 91}, "period_out_of_range"),
    ({"period_days": -1}, "period_out_of_range"),
    ({"period_days": "7"}, "format_error"),
    ({"period_days": 7.5}, "format_error"),
    ({"period_days": True}, "format_error"),
    ({"period_days": 2**62}, "period_out_of_range"),
    ({"description": ""}, "description_malformed"),
    ({"description": "x" * 81}, "description_malformed"),
    ({"description": "line\nbreak"}, "description_malformed"),
    ({"description": "\u202egoat"}, "description_malformed"),
    ({"description": None}, "format_error"),
    ({"description": 5}, "format_error"),
    ({"payee": "+254722000001"}, "receiver_unknown"),
    ({"payee": "+254"}, "phone_malformed"),
    ({"amount": kes("0")}, "amount_not_positive"),
    ({"amount": money("1.00", "USD")}, "no_wallet_in_currency"),
    ({"amount": kes("999.00")}, "insufficient_funds"),
    ({"pin": "0852"}, "pin_wrong"),
    ({"tip": "1"}, "format_error"),
)
BAD_CLAIMS: Cases = (
    ({"receiver": "+254"}, "phone_malformed"),
    ({"receiver": "+254202000000"}, "phone_not_mobile"),
    ({"receiver": "+447911123456"}, "phone_region_not_served"),
    ({"receiver": "+639171234567"}, "no_wallet_in_currency"),
    ({"amount": kes("0")}, "amount_not_positive"),
    ({"amount": kes("999.00")}, "insufficient_funds"),
    ({"pin": "0852"}, "pin_wrong"),
    ({"description": "x"}, "format_error"),
)


def test_what_cannot_be_offered_is_refused_and_changes_nothing(village, anna, juma):
    with village.unchanged():
        for changes, code in BAD_OFFERS:
            body = {**OFFER, "payee": juma.msisdn, **changes}
            answer = post(village, anna, "/v1/offers", body)
            assert (changes, answer.json["code"]) == (changes, code)


def test_what_cannot_be_sent_to_a_number_is_refused_and_changes_nothing(village, anna, juma):
    with village.unchanged():
        for changes, code in (*BAD_CLAIMS, ({"receiver": juma.msisdn}, "receiver_registered")):
            answer = post(village, anna, "/v1/claims", {**CLAIM, **changes})
            assert (changes, answer.json["code"]) == (changes, code)


def test_the_payee_declines_and_the_payer_cannot(village, anna, juma):
    contract = offered(village, anna, juma, 250_00)
    with village.unchanged():
        assert act(village, anna, contract, "declines").json["code"] == "not_a_party"
    answer = act(village, juma, contract, "declines")
    assert (answer.status_code, answer.json["held"]) == (201, kes("0.00"))
    assert village.balance(anna) == 993_00
    with village.unchanged():
        assert act(village, juma, contract, "declines").json["code"] == "contract_closed"


def test_a_payment_to_a_till_is_not_declined(village, anna):
    shop = village.merchant("Mary")
    held = village.hold(anna, shop, 250_00)
    with village.unchanged():
        assert act(village, shop, held, "declines").json["code"] == "incorrect_state"


def test_a_merchant_extends_a_payment_by_days_or_to_a_moment(village, anna):
    shop = village.merchant("Mary")
    held = village.hold(anna, shop, 250_00)
    by_days = act(village, shop, held, "extensions", {"days": 2, **PIN})
    assert by_days.status_code == 201
    assert by_days.json["deadline_before"] == "2026-01-06T09:00:00+00:00"
    assert by_days.json["deadline_at"] == "2026-01-08T09:00:00+00:00"
    until = {"deadline_at": "2026-01-09T12:00:00+03:00", **PIN}
    assert act(village, shop, held, "extensions", until).status_code == 201
    assert seen(village, anna, ref(held))["deadline_at"] == "2026-01-09T09:00:00+00:00"


BAD_EXTENSIONS: Cases = (
    ({}, "format_error"),
    ({"days": 2, "deadline_at": "2026-01-09T09:00:00Z"}, "format_error"),
    ({"days": 0}, "period_out_of_range"),
    ({"days": 91}, "period_out_of_range"),
    ({"days": 90}, "deadline_out_of_range"),
    ({"days": "2"}, "format_error"),
    ({"deadline_at": "2026-01-09T09:00:00"}, "format_error"),  # which zone?
    ({"deadline_at": "tomorrow"}, "format_error"),
    ({"deadline_at": None}, "format_error"),
    ({"deadline_at": "2026-01-06T09:00:00Z"}, "deadline_out_of_range"),
    ({"deadline_at": "2026-04-05T09:00:00.000001Z"}, "deadline_out_of_range"),
    ({"deadline_at": "0001-01-01T00:00:00+14:00"}, "deadline_out_of_range"),
    ({"deadline_at": "9999-12-31T23:59:59-14:00"}, "deadline_out_of_range"),
)


def test_what_is_no_later_deadline_is_refused_and_changes_nothing(village, anna):
    shop = village.merchant("Mary")
    held = village.hold(anna, shop, 250_00)
    with village.unchanged():
        for body, code in BAD_EXTENSIONS:
            answer = act(village, shop, held, "extensions", {**body, **PIN})
            assert (body, answer.json["code"]) == (body, code)
        answer = act(village, anna, held, "extensions", {"days": 2, **PIN})
        assert answer.json["code"] == "not_a_party"


def test_the_payer_of_a_claim_sees_the_number_and_then_who_registered_it(village, anna):
    answer = post(village, anna, "/v1/claims", CLAIM)
    contract = answer.json["contract"]
    assert answer.json["receiver"] == {"name": None, "msisdn": NUMBER}
    found = seen(village, anna, contract)
    assert (found["payee"], found["origin"], found["at_deadline"]) == (
        "0722000001", "claim", "return",
    )  # fmt: skip
    assert found["deadline_at"] == answer.json["deadline_at"] == "2026-01-12T09:00:00+00:00"
    by_agent(village)
    found = seen(village, anna, contract)
    assert (found["payee"], found["state"], found["released"]) == (
        "Akinyi Adhiambo", "closed", kes("250.00"),
    )  # fmt: skip


def by_agent(village):
    agent = village.agent("Mary")
    body = {"msisdn": NUMBER, "name": "Akinyi Adhiambo", **PIN}
    return village.as_(agent).post("/v1/agents/registrations", body)


def balance_of_number(village):
    return village.sql(
        "SELECT a.balance_minor FROM accounts a JOIN holders h ON h.id = a.holder_id"
        " WHERE h.msisdn = :msisdn", msisdn=NUMBER,
    )  # fmt: skip


def test_who_an_agent_registers_has_what_waited_for_them(village, anna):
    claimable(village, anna, 250_00)
    assert by_agent(village).status_code == 201
    assert balance_of_number(village) == [(250_00,)]


def test_who_registers_themselves_has_what_waited_for_them(village, anna):
    claimable(village, anna, 250_00)
    client = village.app.test_client()
    sign_in = client.post("/v1/sign-ins", json={"msisdn": NUMBER}).json["sign_in"]
    (text,) = village.sql(
        "SELECT body FROM texts WHERE msisdn = :msisdn ORDER BY id DESC LIMIT 1", msisdn=NUMBER
    )
    body = {"sign_in": sign_in, "code": code_in(text[0]), "msisdn": NUMBER, "name": "Akinyi A"}
    assert client.post("/v1/registrations", json={**body, **PIN}).status_code == 201
    assert balance_of_number(village) == [(250_00,)]


def test_a_registration_stands_though_what_waits_cannot_be_handed_over(village, anna, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError

    claimable(village, anna, 250_00)
    monkeypatch.setattr("wallet.escrow.registered_claims.read", broken)
    assert by_agent(village).status_code == 201
    assert balance_of_number(village) == [(0,)]


@pytest.mark.rule("Where no worker ran, whoever looks after the deadline finds it released.")
def test_getting_a_contract_after_its_deadline_shows_it_released(village, anna, juma):
    contract = offered(village, anna, juma, 250_00)
    village.service.clock.advance(days=7)
    assert seen(village, anna, ref(contract))["state"] == "closed"
    assert village.balance(juma) == 250_00


def test_getting_my_list_after_a_deadline_shows_it_returned(village, anna):
    claimable(village, anna, 250_00)
    village.service.clock.advance(days=7)
    assert village.as_(anna).get("/v1/contracts?open=true").json["items"] == []
    (item,) = village.as_(anna).get("/v1/contracts").json["items"]
    assert (item["state"], item["returned"]) == ("closed", kes("250.00"))


def test_a_claim_and_its_return_are_in_its_payers_statement(village, anna):
    claimable(village, anna, 250_00)
    village.service.clock.advance(days=7)
    village.as_(anna).get("/v1/contracts")
    lines = village.as_(anna).get(f"/v1/wallets/{village.wallet(anna)}/entries").json["items"]
    assert [line["kind"] for line in lines][:2] == ["return_due", "claim"]
