"""Refunds over HTTP: the merchant's act, who sees it, and what is refused."""

from uuid import uuid4

import pytest

from tests.village import Cases, kes, money, ref

PIN = "7294"


@pytest.fixture
def shop(village):
    return village.merchant("Mary", period_s=0)


@pytest.fixture
def payer(village):
    return village.person("Anna", balance=500_00)


@pytest.fixture
def payment(village, shop, payer):
    return ref(village.id_in(village.pay(payer, shop, 100_00)))


@pytest.fixture
def staff(village):
    return village.as_(village.operator("Otieno"), "consumer", "operator")


def refund(village, shop, of, **changes):
    body = {"payment": of, "pin": PIN, **changes}
    return village.as_(shop).post("/v1/refunds", body, key=uuid4())


def test_a_merchant_refunds_a_part_and_both_sides_see_it(village, shop, payer, payment):
    answer = refund(village, shop, payment, amount=kes("30.00"))
    assert answer.status_code == 201
    said = {
        name: answer.json[name]
        for name in ("payment", "state", "amount", "refunded", "left", "balance")
    }
    assert said == {
        "payment": payment, "state": "paid", "amount": kes("30.00"),
        "refunded": kes("30.00"), "left": kes("70.00"), "balance": kes("70.00"),
    }  # fmt: skip
    assert answer.json["commission_returned"] == kes("0.00")
    path = f"/v1/refunds/{answer.json['refund']}"
    for someone in (shop, payer):
        seen = village.as_(someone).get(path)
        assert (seen.json["amount"], seen.json["merchant"]) == (kes("30.00"), "Duka Mary")
    assert village.as_(village.person()).get(path).status_code == 404


def test_a_key_refunds_once_over_http(village, shop, payment):
    body, key = {"payment": payment, "pin": PIN, "amount": kes("30.00")}, uuid4()
    first = village.as_(shop).post("/v1/refunds", body, key=key)
    with village.unchanged():
        again = village.as_(shop).post("/v1/refunds", body, key=key)
    assert (again.data, again.headers["Idempotency-Replayed"]) == (first.data, "true")


BAD: Cases = (
    ({"payment": "000000000001"}, "payment_unknown"),
    ({"payment": "x"}, "format_error"),
    ({"amount": kes("100.01")}, "more_than_released"),
    ({"amount": kes("0")}, "amount_not_positive"),
    ({"amount": kes("1.001")}, "amount_too_precise"),
    ({"amount": money("1", "USD")}, "currency_not_supported"),
    ({"pin": "72"}, "pin_malformed"),
    ({"when_covered": "yes"}, "format_error"),
    ({"tip": 1}, "format_error"),
)


def test_a_bad_refund_changes_nothing(village, shop, payment):
    with village.unchanged():
        for changes, code in BAD:
            answer = refund(village, shop, payment, **changes)
            assert (changes, answer.json["code"]) == (changes, code)


def test_what_is_not_covered_is_refused_unless_it_may_wait(village, shop, payer, payment, staff):
    village.payout(shop, 50_00)
    no = refund(village, shop, payment)
    assert (no.status_code, no.json["code"]) == (422, "insufficient_funds")
    waits = refund(village, shop, payment, when_covered=True)
    assert (waits.status_code, waits.json["state"]) == (201, "waiting")
    listed = village.as_(shop).get("/v1/refunds?waiting=true").json
    assert [each["reference"] for each in listed["items"]] == [waits.json["refund"]]
    path = f"/v1/refunds/{waits.json['refund']}"
    out = {"amount": kes("10.00"), "pin": PIN}
    payout = village.as_(shop).post("/v1/payouts", out, key=uuid4())
    assert (payout.status_code, payout.json["code"]) == (409, "refund_waiting")
    declined = staff.post(f"{path}/declines", {"reason": "paid in cash"}, key=uuid4())
    assert (declined.status_code, declined.json["state"]) == (201, "declined")
    assert village.as_(payer).get(path).json["decline_reason"] == "paid in cash"
