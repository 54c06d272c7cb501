"""What merchants are charged: set by the operator, read by both."""

from uuid import uuid4

import pytest

from tests.village import Cases, kes, money, ref

KEY = uuid4()
TERMS = {
    "currency": "KES",
    "commission_bps": 150,
    "commission_min": kes("5.00"),
    "commission_max": kes("2000.00"),
    "reserve_bps": 1000,
    "reserve_days": 30,
    "monthly_fee": kes("1500.00"),
    "commission_bps_paid": 90,
    "after_delivery_s": 86400,
}


@pytest.fixture
def staff(village):
    return village.as_(village.operator("Otieno"), "consumer", "operator")


@pytest.fixture
def shop(village):
    return village.merchant("Mary")


def at(shop):
    return f"/v1/merchants/{ref(shop.id)}/pricings"


def test_terms_are_set_once_and_read_by_both(village, staff, shop):
    set_ = staff.post(at(shop), TERMS, key=KEY)
    again = staff.post(at(shop), TERMS, key=KEY)
    assert (set_.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert set_.json["merchant"] == {"reference": ref(shop.id), "name": "Mary",
                                     "msisdn": shop.msisdn}  # fmt: skip
    (version,) = staff.get(at(shop)).json["items"]
    own = village.as_(shop).get("/v1/settlements/terms").json
    assert version == own
    assert {name: own[name] for name in TERMS if name != "currency"} == {
        name: value for name, value in TERMS.items() if name != "currency"
    }
    assert own["reference"] == set_.json["reference"]
    assert (own["paid_until"], own["monthly_due_at"]) == (None, "2026-01-31T21:00:00+00:00")


def test_later_terms_are_in_force_and_earlier_ones_are_kept(village, staff, shop):
    for bps in (100, 200):
        body = {"currency": "KES", "commission_bps": bps}
        assert staff.post(at(shop), body, key=uuid4()).status_code == 201
    found = [each["commission_bps"] for each in staff.get(at(shop)).json["items"]]
    assert found == [200, 100]
    assert village.as_(shop).get("/v1/settlements/terms").json["commission_bps"] == 200


def test_a_merchant_without_terms_has_none_to_read(village, shop):
    answer = village.as_(shop).get("/v1/settlements/terms")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


CASES: Cases = (
    ({"commission_bps": 10_001}, "format_error"),
    ({"commission_bps": "150"}, "format_error"),
    ({"commission_bps": 1.5}, "format_error"),
    ({"commission_min": kes("2000.01")}, "format_error"),
    ({"commission_min": kes("0.001")}, "amount_too_precise"),
    ({"commission_max": kes("-1.00")}, "amount_not_positive"),
    ({"commission_max": money("5.00", "USD")}, "currency_not_supported"),
    ({"currency": "USD"}, "currency_not_supported"),
    ({"commission_bps_paid": 151}, "format_error"),
    ({"commission_bps_paid": None}, "format_error"),
    ({"monthly_fee": None}, "format_error"),
    ({"reserve_days": 0}, "format_error"),
    ({"reserve_days": 366}, "format_error"),
    ({"after_delivery_s": 0}, "format_error"),
    ({"after_delivery_s": 90 * 86400 + 1}, "format_error"),
    ({"colour": "red"}, "format_error"),
)


def test_terms_that_cannot_be_are_refused_and_change_nothing(village, staff, shop):
    with village.unchanged():
        for change, code in CASES:
            answer = staff.post(at(shop), TERMS | change, key=uuid4())
            assert (change, answer.json["code"]) == (change, code)
    assert staff.get(at(shop)).json["items"] == []


def test_terms_in_a_currency_without_a_settlement_account_are_refused(village, staff, shop):
    body = {"currency": "USD", "commission_bps": 100}
    answer = staff.post(at(shop), body, key=uuid4())
    assert (answer.status_code, answer.json["code"]) == (409, "no_wallet_in_currency")


def test_of_who_is_no_merchant_it_is_said_that_there_is_no_such_merchant(village, staff):
    somebody = village.person("Anna")
    with village.unchanged():
        for answer in (staff.post(at(somebody), TERMS, key=uuid4()), staff.get(at(somebody))):
            said = (answer.status_code, answer.json["code"], answer.json["of"])
            assert said == (404, "not_found", "merchant")
