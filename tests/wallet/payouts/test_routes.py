"""/v1/payouts: what is settled, on its way to the merchant's bank."""

from uuid import uuid4

import pytest

from tests.village import kes, money

KEY = uuid4()


@pytest.fixture
def shop(village):
    """A shop with 500.00 settled."""
    shop = village.merchant("Mary", period_s=0)
    village.pay(village.person(balance=900_00), shop, 500_00)
    return shop


def pay_out(village, shop, body=None, key=None, **changes):
    body = {"amount": kes("300.00"), "pin": "7294", **changes} if body is None else body
    return village.as_(shop).post("/v1/payouts", body, key=key or uuid4())


def test_a_payout_leaves_the_settlement_account_with_its_fee(village, shop):
    answer = pay_out(village, shop)
    assert (answer.status_code, answer.json["fee"]) == (201, kes("50.00"))
    assert answer.json["balance"] == kes("150.00")
    assert village.balance(shop, "settlement") == 150_00
    assert "1234567" not in str(answer.json)


def test_one_key_pays_out_once(village, shop):
    first = pay_out(village, shop, key=KEY)
    with village.unchanged():
        again = pay_out(village, shop, key=KEY)
    assert (again.data, again.headers["Idempotency-Replayed"]) == (first.data, "true")


def test_its_merchant_follows_it_and_nobody_else(village, shop):
    reference = pay_out(village, shop).json["reference"]
    other = village.merchant()
    seen = village.as_(shop).get(f"/v1/payouts/{reference}").json
    assert (seen["state"], seen["amount"], seen["failure"]) == ("requested", kes("300.00"), None)
    assert village.as_(shop).get("/v1/payouts").json["items"] == [seen]
    answer = village.as_(other).get(f"/v1/payouts/{reference}")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert village.as_(other).get("/v1/payouts").json == {"items": [], "next": None}


def test_a_merchant_without_a_bank_is_told_so(village):
    shop = village.merchant(period_s=0, bank=None)
    village.pay(village.person(balance=900_00), shop, 500_00)
    with village.unchanged():
        assert pay_out(village, shop).json["code"] == "payout_destination_missing"


BAD_BODIES = (
    ({"amount": kes("450.01")}, "insufficient_funds"),
    ({"amount": kes("0")}, "amount_not_positive"),
    ({"amount": kes(1)}, "amount_malformed"),
    ({"amount": money("1.00", "USD")}, "no_wallet_in_currency"),
    ({"pin": "0852"}, "pin_wrong"),
    ({"pin": ""}, "pin_malformed"),
    ({"bank": "mine"}, "format_error"),
)


def test_a_bad_payout_changes_nothing(village, shop):
    with village.unchanged():
        for changes, code in BAD_BODIES:
            answer = pay_out(village, shop, **changes)
            assert (changes, answer.json["code"]) == (changes, code)


def test_only_a_merchant_is_paid_out(village):
    anna = village.person()
    with village.unchanged():
        assert pay_out(village, anna).json["code"] == "forbidden"


# Schedules -----------------------------------------------------------------------------------


def put_schedule(village, shop, **changes):
    body = {"every": "weekly", "weekday": 5, "hour": 17, "minimum": kes("500.00"), "pin": "7294"}
    body = {name: value for name, value in (body | changes).items() if value is not None}
    return village.as_(shop).call("PUT", "/v1/payouts/schedule", body)


def test_a_schedule_is_set_and_seen(village, shop):
    answer = put_schedule(village, shop)
    assert (answer.status_code, answer.json["next_at"]) == (200, "2026-01-09T14:00:00+00:00")
    assert "have been changed" in village.texts(shop)[-1]
    (seen,) = village.as_(shop).get("/v1/payouts/schedule").json["items"]
    assert (seen["every"], seen["minimum"], seen["paused_at"]) == ("weekly", kes("500.00"), None)
    put_schedule(village, shop, every="on_demand", weekday=None, hour=None)
    (seen,) = village.as_(shop).get("/v1/payouts/schedule").json["items"]
    assert (seen["every"], seen["next_at"]) == ("on_demand", None)


BAD_SCHEDULES = (
    ({"every": "hourly"}, "format_error"),
    ({"hour": 24}, "format_error"),
    ({"hour": "17"}, "format_error"),
    ({"weekday": None}, "format_error"),
    ({"every": "at_once"}, "format_error"),
    ({"minimum": kes("0.99")}, "less_than_transaction_min_value"),
    ({"minimum": kes("0")}, "amount_not_positive"),
    ({"minimum": money("1.00", "USD")}, "no_wallet_in_currency"),
    ({"pin": "0852"}, "pin_wrong"),
)


def test_a_bad_schedule_sets_nothing(village, shop):
    with village.unchanged():
        for changes, code in BAD_SCHEDULES:
            answer = put_schedule(village, shop, **changes)
            assert (changes, answer.json["code"]) == (changes, code)
    assert village.as_(shop).get("/v1/payouts/schedule").json == {"items": []}
