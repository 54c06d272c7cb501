"""POST /v1/payments: by till or by code, held or at once; held to its document."""

from typing import Any
from uuid import uuid4

import pytest

from tests.document import resolved
from tests.village import kes, money
from tests.wallet.qr.test_emv import KENYA
from wallet.qr import MerchantCode, merchant_code
from wallet.qr.keys import qr_key

KEY = uuid4()


@pytest.fixture
def anna(village):
    return village.person("Anna Wanjiku", balance=1_000_00)


@pytest.fixture
def shop(village):
    return village.merchant("Mary")


def pay(village, payer, body, key=None):
    return village.as_(payer).post("/v1/payments", body, key=key or uuid4())


def by_till(shop, **changes):
    return {"till": shop.till, "amount": kes("250.00"), "pin": "7294", **changes}


def code(village, shop, **terms):
    made = village.as_(shop).post("/v1/qr-codes", {"till": shop.till, **terms})
    assert made.status_code == 201, made.json
    return made.json["payload"]


def by_code(payload, **changes):
    return {"qr": payload, "pin": "7294", **changes}


def test_a_payment_by_till_is_held_until_the_deadline(village, anna, shop):
    answer = pay(village, anna, by_till(shop))
    assert answer.status_code == 201
    assert answer.json["contract"] == answer.json["reference"]
    assert answer.json["deadline_at"] == "2026-01-06T09:00:00+00:00"
    assert (answer.json["merchant"], answer.json["balance"]) == ("Duka Mary", kes("750.00"))
    assert (village.balance(anna), village.balance(shop, "settlement")) == (750_00, 0)


def test_a_till_is_read_as_it_was_pasted(village, anna, shop):
    answer = pay(
        village, anna, by_till(shop, till=f"\u200e{shop.till[:2]}\u200b{shop.till[2:]} \r\n")
    )
    assert (answer.status_code, answer.json["till"]) == (201, shop.till)


def test_without_a_period_the_merchant_has_it_at_once(village, anna):
    shop = village.merchant(period_s=0)
    answer = pay(village, anna, by_till(shop))
    assert (answer.json["contract"], answer.json["deadline_at"]) == (None, None)
    assert village.balance(shop, "settlement") == 250_00


def test_a_code_that_names_the_amount_needs_no_other(village, anna, shop):
    payload = code(village, shop, amount=kes("99.00"), order="INV-17")
    answer = pay(village, anna, by_code(payload))
    assert (answer.json["amount"], answer.json["order"]) == (kes("99.00"), "INV-17")
    assert answer.json["till"] == shop.till


def test_an_amount_given_with_such_a_code_must_be_the_same(village, anna, shop):
    payload = code(village, shop, amount=kes("99.00"))
    with village.unchanged():
        answer = pay(village, anna, by_code(payload, amount=kes("98.99")))
    assert (answer.json["code"], answer.json["field"]) == ("format_error", "amount")
    assert pay(village, anna, by_code(payload, amount=kes("99.00"))).status_code == 201


def test_a_code_on_the_wall_needs_an_amount_in_its_currency(village, anna, shop):
    payload = code(village, shop)
    with village.unchanged():
        missing = pay(village, anna, by_code(payload))
        other = pay(village, anna, by_code(payload, amount=money("1.00", "USD")))
    assert missing.json["errors"] == {"amount": ["Missing data for required field."]}
    assert other.json["code"] == "currency_not_supported"
    assert pay(village, anna, by_code(payload, amount=kes("20.00"))).status_code == 201


def test_an_expired_code_is_refused(village, anna, shop):
    payload = code(village, shop, amount=kes("99.00"), lifetime_s=60)
    village.service.clock.advance(60)
    with village.unchanged():
        answer = pay(village, anna, by_code(payload))
    assert (answer.status_code, answer.json["code"]) == (422, "qr_expired")


def test_a_code_is_good_until_its_last_second(village, anna, shop):
    payload = code(village, shop, amount=kes("99.00"), lifetime_s=60)
    village.service.clock.advance(59)
    assert pay(village, anna, by_code(payload)).status_code == 201


def test_who_paid_in_time_is_told_so_also_after_the_code_has_expired(village, anna, shop):
    payload = code(village, shop, amount=kes("99.00"), lifetime_s=60)
    first = pay(village, anna, by_code(payload), KEY)
    village.service.clock.advance(61)
    with village.unchanged():
        again = pay(village, anna, by_code(payload), KEY)
    assert (again.status_code, again.data) == (201, first.data)
    assert again.headers["Idempotency-Replayed"] == "true"


def damaged(payload):
    """Yield codes that are no longer what was sealed, and how each is refused."""
    yield payload[:-1] + ("0" if payload[-1] != "0" else "1"), "qr_malformed", "bad_crc"
    yield payload[:-20], "qr_malformed", None
    yield payload[:3], "qr_malformed", None
    yield "", "qr_malformed", None
    yield "hello", "qr_malformed", None
    yield "A" * 100_0, "qr_malformed", "too_long"
    yield "00020101021", "qr_malformed", None


def test_a_damaged_code_is_refused_with_what_is_wrong(village, anna, shop):
    payload = code(village, shop, amount=kes("99.00"))
    with village.unchanged():
        for scanned, refusal, problem in damaged(payload):
            answer = pay(village, anna, by_code(scanned))
            assert (scanned, answer.json["code"]) == (scanned, refusal)
            assert answer.json["problem"] == (problem or answer.json["problem"])


def test_another_systems_code_is_refused_as_such(village, anna):
    with village.unchanged():
        answer = pay(village, anna, by_code(KENYA, amount=kes("1.00")))
    assert (answer.status_code, answer.json["code"]) == (422, "qr_not_ours")


def test_a_code_sealed_with_another_key_is_refused(village, anna, shop):
    forged = MerchantCode(shop.till, "Mary", "Nairobi", "KE", "KES", "5411", 99_00, "INV-17")
    payload = merchant_code(forged, b"another key of sixteen bytes")
    with village.unchanged():
        answer = pay(village, anna, by_code(payload))
    assert answer.json["code"] == "qr_not_ours"


def test_a_till_that_is_gone_is_unknown_however_good_the_code(village, anna):
    token_key = village.service.settings.token_key
    lost = MerchantCode("59999", "Mary", "Nairobi", "KE", "KES", "5411", 99_00, "INV-17")
    with village.unchanged():
        answer = pay(village, anna, by_code(merchant_code(lost, qr_key(token_key))))
    assert (answer.status_code, answer.json["code"]) == (404, "till_unknown")


def test_the_sealing_key_is_not_the_token_key(village):
    token_key = village.service.settings.token_key
    assert qr_key(token_key) != token_key
    assert qr_key(token_key) not in token_key


def test_one_cannot_pay_oneself(village, shop):
    village.pay_in(shop, 500_00)
    with village.unchanged():
        assert pay(village, shop, by_till(shop)).json["code"] == "same_parties"


BAD_BODIES: tuple[tuple[dict[str, Any], set[str]], ...] = (
    ({"pin": "7294"}, {"till", "amount"}),
    ({}, {"till", "amount", "pin"}),
    ({"till": "50001", "pin": "7294"}, {"amount"}),
    ({"till": "50001", "amount": kes("1.00"), "pin": "7294", "tip": "1"}, {"tip"}),
    ({"qr": "x"}, {"pin"}),
    ({"qr": "x", "till": "50001", "pin": "7294"}, {"till"}),
    ({"qr": "x", "pin": "7294", "order": "1"}, {"order"}),
    ({"qr": 17, "pin": "7294"}, {"qr"}),
    ({"till": 50001, "amount": kes("1.00"), "pin": "7294"}, {"till"}),
    ({"till": "50001", "amount": "1.00", "pin": "7294"}, {"amount"}),
)


def test_a_body_with_missing_unknown_or_wrong_fields_is_refused_naming_them(village, anna):
    with village.unchanged():
        for body, named in BAD_BODIES:
            answer = pay(village, anna, body)
            assert (answer.status_code, answer.json["code"]) == (422, "format_error")
            assert (body, set(answer.json["errors"])) == (body, named)


BAD_TILLS = ("", "1", "99999", "abcde", "5 0001", "٥٠٠٠١", "5" * 10_000, "50001'; --")


def test_a_till_that_does_not_exist_is_refused(village, anna, shop):
    with village.unchanged():
        for till in BAD_TILLS:
            answer = pay(village, anna, by_till(shop, till=till))
            assert (answer.status_code, answer.json["code"]) == (404, "till_unknown")


def test_the_document_says_what_is_read_and_answered(app, village, anna, shop):
    document = app.test_client().get("/openapi.json").json
    operation = resolved(document["paths"]["/v1/payments"]["post"], document)
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"].keys() == by_till(shop).keys() | by_code("").keys()
    assert body["required"] == ["pin"]
    answer = pay(village, anna, by_till(shop))
    shown = operation["responses"]["201"]["content"]["application/json"]["schema"]
    assert answer.json.keys() == shown["properties"].keys()
