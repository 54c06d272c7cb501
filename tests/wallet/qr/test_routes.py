"""/v1/qr-codes: made for one's own tills, drawn, and read back from our books."""

import pytest
import zxingcpp

from tests.village import kes, money
from tests.wallet.qr.test_emv import CARD_SCHEME, KENYA, QR_PH, with_crc
from tests.wallet.qr.test_images import pixels

PIX_STATIC = (
    "00020126360014br.gov.bcb.pix0114+551190000000052040000530398654041.005802BR5910FEIRA NOVA6008B"
    "RASILIA62070503***6304EFBB"
)


@pytest.fixture
def shop(village):
    return village.merchant("Mary")


def make(village, shop, **terms):
    return village.as_(shop).post("/v1/qr-codes", {"till": shop.till, **terms})


def decode(village, payload):
    reader = village.as_(village.person())
    return reader.post("/v1/qr-codes/decode", {"payload": payload})


def test_a_code_is_made_and_read_back(village, shop):
    made = make(village, shop, amount=kes("99.00"), order="INV-17", lifetime_s=900)
    assert made.status_code == 201
    read = decode(village, made.json["payload"])
    assert read.status_code == 200
    assert read.json == {
        "till": shop.till,
        "merchant": "Duka Mary",
        "city": "Nairobi",
        "currency": "KES",
        "amount": kes("99.00"),
        "order": "INV-17",
        "expires_at": "2026-01-05T09:15:00+00:00",
        "escrow_period_s": 86400,
    }
    assert made.json["expires_at"] == read.json["expires_at"]


def test_a_code_for_the_wall_names_the_till_alone(village, shop):
    made = make(village, shop).json
    assert [made[name] for name in ("amount", "order", "expires_at")] == [None] * 3
    assert decode(village, made["payload"]).json["amount"] is None


def test_the_name_is_the_books_not_the_codes(village, shop):
    payload = make(village, shop).json["payload"]
    village.sql("UPDATE merchants SET name = 'Duka Jipya' WHERE holder_id = :id", id=shop.id)
    assert decode(village, payload).json["merchant"] == "Duka Jipya"


def test_a_code_is_made_for_ones_own_till_only(village, shop):
    other = village.merchant()
    for till in (other.till, "59999", "", "x"):
        answer = make(village, shop, till=till)
        assert (till, answer.status_code, answer.json["code"]) == (till, 404, "till_unknown")


BAD_TERMS = (
    ({"amount": kes("0")}, "amount_not_positive"),
    ({"amount": kes(1.5)}, "amount_malformed"),
    ({"amount": money("1.00", "USD")}, "qr_malformed"),  # the country's scheme is in shillings
    ({"order": ""}, "format_error"),
    ({"order": " x"}, "format_error"),
    ({"order": "x" * 26}, "format_error"),
    ({"order": "cafe\u0301"}, "format_error"),
    ({"lifetime_s": 0}, "format_error"),
    ({"lifetime_s": "60"}, "format_error"),
    ({"lifetime_s": 10**12}, "format_error"),
    ({"tip": 1}, "format_error"),
)


def test_what_no_code_can_say_is_refused(village, shop):
    for terms, code in BAD_TERMS:
        answer = make(village, shop, **terms)
        assert (terms, answer.status_code, answer.json["code"]) == (terms, 422, code)


def test_the_picture_says_what_the_payload_says(village, shop):
    made = make(village, shop, amount=kes("99.00")).json
    client = village.app.test_client()  # nobody is signed in
    picture = client.get(made["png"])
    assert (picture.status_code, picture.mimetype) == (200, "image/png")
    assert picture.data.startswith(b"\x89PNG")
    drawn = client.get(made["svg"])
    assert (drawn.status_code, drawn.mimetype) == (200, "image/svg+xml")
    (seen,) = zxingcpp.read_barcodes(pixels(picture.data))
    assert seen.bytes == made["payload"].encode()


def test_only_our_own_codes_for_this_till_are_drawn(village, shop):
    other = village.merchant()
    payload = make(village, shop).json["payload"]
    client = village.app.test_client()
    cases = (
        (shop.till, KENYA, 422, "qr_not_ours"),
        (shop.till, "hello", 422, "qr_malformed"),
        (shop.till, "", 422, "format_error"),
        (other.till, payload, 404, "till_unknown"),
    )
    for till, code, status, refusal in cases:
        answer = client.get(f"/v1/tills/{till}/qr.png", query_string={"code": code})
        assert (code, answer.status_code, answer.json["code"]) == (code, status, refusal)


def test_an_expired_code_is_refused(village, shop):
    payload = make(village, shop, amount=kes("1.00"), lifetime_s=60).json["payload"]
    village.service.clock.advance(60)
    assert decode(village, payload).json["code"] == "qr_expired"


BAD_PAYLOADS = (
    ("", "format_error"),
    (" \n", "format_error"),
    ("x" * 513, "format_error"),
    (17, "format_error"),
    ("hello", "qr_malformed"),
    (KENYA[:-1], "qr_malformed"),
    (KENYA[:-4] + "1308", "qr_malformed"),
    (KENYA, "qr_not_ours"),
)


def test_a_damaged_or_foreign_code_is_refused(village):
    for payload, code in BAD_PAYLOADS:
        answer = decode(village, payload)
        assert (payload, answer.status_code, answer.json["code"]) == (payload, 422, code)


@pytest.mark.parametrize(
    ("payload", "owner"),
    [
        (PIX_STATIC, "br.gov.bcb.pix"),
        (CARD_SCHEME, "UnionPay"),
        (QR_PH, "com.p2pqrpay"),
        (with_crc("0002010216400012345678901226160012hk.com.hkicl"), "Visa, hk.com.hkicl"),
    ],
)
def test_a_foreign_code_is_refused_with_the_name_of_its_owner(village, payload, owner):
    answer = decode(village, payload)
    assert (answer.json["code"], answer.json["owner"]) == ("qr_not_ours", owner)


def test_a_code_of_nobody_in_particular_names_no_owner(village):
    answer = decode(village, with_crc("0002015802KE"))
    assert (answer.json["code"], "owner" in answer.json) == ("qr_not_ours", False)


def test_what_a_scanner_adds_is_no_part_of_the_code(village, shop):
    payload = make(village, shop, order="INV-17").json["payload"]
    for said in (payload + "\r\n", f"\ufeff{payload}", f" {payload} ", payload + " " * 500):
        assert decode(village, said).json["order"] == "INV-17"


def test_only_a_merchant_makes_codes(village, shop):
    anna = village.person()
    answer = village.as_(anna).post("/v1/qr-codes", {"till": shop.till})
    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")
