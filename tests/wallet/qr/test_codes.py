"""Our own codes: they come back as written, and nothing else is taken for one of them."""

import random
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import konthaina_khqr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wallet.money import CURRENCIES
from wallet.qr import MerchantCode, QrError, Reason, merchant_code, read_code
from wallet.qr.emv import Field, crc, decode, encode, find, text_of
from wallet.qr.merchant import cut_to_width

KEY = b"a key of the test, 32 bytes long"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def a_code(**changes):
    plain = MerchantCode("123456", "Mama Mboga", "Nairobi", "KE", "KES", "5411")
    return replace(plain, **changes)


def a_bill(**changes):
    bill = a_code(amount_minor=25000, reference="REF 123", expires_at=NOW + timedelta(minutes=5))
    return replace(bill, **changes)


def recounted(payload):
    """The payload with a right checksum, as somebody who changes a code would leave it."""
    return payload[:-4] + crc(payload[:-4])


def with_field(payload, tag, text):
    """The payload with one field's content exchanged and the checksum right."""
    return encode(Field(tag, text) if f.tag == tag else f for f in decode(payload))


def reason_of(payload, now=NOW, key=KEY):
    with pytest.raises(QrError) as refused:
        read_code(payload, now, key)
    return refused.value.reason


def reason_not_written(code):
    with pytest.raises(QrError) as refused:
        merchant_code(code, KEY)
    return refused.value.reason


@pytest.mark.parametrize(
    "code",
    [
        a_code(),
        a_bill(),
        a_code(amount_minor=1, reference="A"),
        a_code(reference="A"),
        a_code(expires_at=NOW + timedelta(seconds=1), reference="A"),
        a_code(country="PH", currency="PHP", name="Aling Nena's", city="Quezon"),
        a_code(country="TH", currency="THB", name="ร้านข้าวมันไก่", city="กรุงเทพ"),
        a_code(country="CI", currency="XOF", name="Épicerie Awa", amount_minor=500, reference="A"),
        a_code(country="KW", currency="KWD", amount_minor=12345, reference="A"),
    ],
)
def test_a_code_comes_back_as_written(code):
    assert read_code(merchant_code(code, KEY), NOW, KEY) == code


@pytest.mark.parametrize(("code", "kind"), [(a_code(), "11"), (a_bill(), "12")])
def test_a_code_for_one_payment_is_dynamic(code, kind):
    assert text_of(decode(merchant_code(code, KEY)), "01") == kind


@pytest.mark.parametrize(
    ("currency", "country", "minor", "text"),
    [("KES", "KE", 5, "0.05"), ("XOF", "SN", 500, "500"), ("KWD", "KW", 1500, "1.500")],
)
def test_an_amount_has_the_decimals_of_its_currency(currency, country, minor, text):
    code = a_bill(currency=currency, country=country, amount_minor=minor)
    assert text_of(decode(merchant_code(code, KEY)), "54") == text


def test_long_names_and_cities_are_cut_to_what_scanners_show():
    long = a_code(name="Mama Mboga Vegetables and Fruit", city="Mlango Kubwa, Nairobi")
    assert cut_to_width(long) == a_code(name="Mama Mboga Vegetables and", city="Mlango Kubwa, N")
    assert read_code(merchant_code(long, KEY), NOW, KEY) == cut_to_width(long)


def test_a_name_cannot_hide_characters_that_turn_the_line_around():
    deceptive = a_code(name="Mama\u202e agobM\u200b")
    assert read_code(merchant_code(deceptive, KEY), NOW, KEY).name == "Mama agobM"


def test_another_script_leaves_ascii_in_the_fields_every_scanner_shows():
    thai = a_code(country="TH", currency="THB", name="ร้านข้าว", city="กรุงเทพ")
    fields = decode(merchant_code(thai, KEY))
    assert (text_of(fields, "59"), text_of(fields, "60")) == ("TILL 123456", "TH")
    french = a_code(country="CI", currency="XOF", name="Épicerie Awa")
    assert text_of(decode(merchant_code(french, KEY)), "59") == "Epicerie Awa"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"country": "ke"}, Reason.BAD_COUNTRY),
        ({"currency": "XXX"}, Reason.UNKNOWN_CURRENCY),
        ({"currency": "THB"}, Reason.WRONG_CURRENCY),
        ({"till": ""}, Reason.BAD_TILL),
        ({"till": "12A"}, Reason.BAD_TILL),
        ({"till": "١٢٣"}, Reason.BAD_TILL),
        ({"name": " "}, Reason.BAD_NAME),
        ({"name": "\u200d"}, Reason.BAD_NAME),
        ({"city": ""}, Reason.BAD_CITY),
        ({"mcc": "541"}, Reason.BAD_CATEGORY),
        ({"amount_minor": 0}, Reason.BAD_AMOUNT),
        ({"amount_minor": -1}, Reason.BAD_AMOUNT),
        ({"amount_minor": 10**12}, Reason.BAD_AMOUNT),
        ({"amount_minor": 10**15}, Reason.BAD_AMOUNT),
        ({"reference": ""}, Reason.BAD_REFERENCE),
        ({"reference": "x" * 26}, Reason.BAD_REFERENCE),
        ({"reference": "a\n"}, Reason.BAD_REFERENCE),
        ({"expires_at": datetime(1969, 1, 1, tzinfo=UTC)}, Reason.BAD_EXPIRY),
        ({"expires_at": datetime(9999, 1, 1, tzinfo=UTC)}, Reason.BAD_EXPIRY),
        ({"amount_minor": 1}, Reason.BAD_REFERENCE),
        ({"expires_at": NOW}, Reason.BAD_REFERENCE),
    ],
)
def test_contents_no_code_can_carry_are_not_written(change, reason):
    assert reason_not_written(a_code(**change)) == reason


def test_the_longest_amount_a_code_can_carry_is_written():
    code = a_bill(amount_minor=10**12 - 1)
    assert text_of(decode(merchant_code(code, KEY)), "54") == "9999999999.99"


@pytest.mark.parametrize(
    "text",
    ["0", "0.00", "250.001", "250.", ".50", "-1", "+1", "1e3", "1,000", "NaN", "٢٥٠", "0250", " 1"],
)
def test_an_amount_is_read_strictly(text):
    assert reason_of(with_field(merchant_code(a_bill(), KEY), "54", text)) == Reason.BAD_AMOUNT


@pytest.mark.parametrize(
    ("tag", "text", "reason"),
    [
        ("53", "999", Reason.UNKNOWN_CURRENCY),
        ("53", "KES", Reason.UNKNOWN_CURRENCY),
        ("53", "764", Reason.WRONG_CURRENCY),
        ("58", "K1", Reason.BAD_COUNTRY),
        ("52", "54111", Reason.BAD_CATEGORY),
        ("59", "x" * 26, Reason.BAD_NAME),
        ("60", "x" * 16, Reason.BAD_CITY),
        ("54", "900.00", Reason.FORGED),
        ("54", "250", Reason.FORGED),
        ("59", "Mama Nboga", Reason.FORGED),
        ("40", "0010app.kibubu0106654321", Reason.FORGED),
        ("40", "0010app.kibubu", Reason.MISSING_TAG),
        ("40", "0010app.kibubx0106123456", Reason.NOT_OURS),
        ("90", "0010app.kibubu", Reason.FORGED),
        ("90", "0010app.kibubu0103abc", Reason.BAD_EXPIRY),
        ("90", "0010another.ab", Reason.MISSING_TAG),
        ("90", "0010app.kibubu0216ABCDEFGHIJKLMNOP", Reason.FORGED),
        ("90", "0010app.kibubu0202é1", Reason.FORGED),
    ],
)
def test_a_changed_code_with_a_right_checksum_is_refused(tag, text, reason):
    assert reason_of(with_field(merchant_code(a_bill(), KEY), tag, text)) == reason


@pytest.mark.parametrize("tag", ["40", "52", "53", "58", "59", "60", "90"])
def test_a_code_of_ours_without_what_it_needs_is_refused(tag):
    fields = decode(merchant_code(a_code(), KEY))
    left = encode(field for field in fields if field.tag != tag)
    assert reason_of(left) == (Reason.NOT_OURS if tag == "40" else Reason.MISSING_TAG)


@pytest.mark.parametrize(
    ("tag", "reason"),
    [("01", Reason.FORGED), ("54", Reason.FORGED), ("62", Reason.BAD_REFERENCE),
     ("81", Reason.FORGED)],
)  # fmt: skip
def test_a_field_taken_out_of_a_code_is_noticed(tag, reason):
    fields = decode(merchant_code(a_bill(), KEY, dial="*384*96*123456#"))
    assert reason_of(encode(field for field in fields if field.tag != tag)) == reason


def test_a_second_till_smuggled_into_a_code_is_refused():
    fields = decode(merchant_code(a_code(), KEY))
    own = find(fields, "40")
    assert own is not None
    assert reason_of(encode((*fields, Field("41", own.text)))) == Reason.DUPLICATE_TAG


def test_an_expiry_moved_on_is_forged_not_valid():
    payload = merchant_code(a_bill(), KEY)
    later = str(int((NOW + timedelta(days=1)).timestamp()))
    moved = re.sub(r"(0010app\.kibubu0110)[0-9]{10}", rf"\g<1>{later}", payload)
    assert moved != payload
    assert reason_of(recounted(moved), now=NOW + timedelta(hours=1)) == Reason.FORGED


def test_a_code_is_good_until_the_second_it_expires():
    payload = merchant_code(a_bill(expires_at=NOW), KEY)
    assert read_code(payload, NOW - timedelta(seconds=1), KEY) == a_bill(expires_at=NOW)
    assert reason_of(payload, now=NOW) == Reason.EXPIRED


def test_a_static_code_does_not_expire():
    payload = merchant_code(a_code(), KEY)
    assert read_code(payload, NOW + timedelta(days=3650), KEY) == a_code()


def test_a_code_sealed_with_another_key_is_forged():
    assert reason_of(merchant_code(a_code(), bytes(32))) == Reason.FORGED


def test_a_code_on_paper_outlives_the_key_it_was_sealed_with():
    payload = merchant_code(a_code(), KEY)
    assert read_code(payload, NOW, bytes(32), KEY) == a_code()


def test_a_well_formed_code_of_another_system_is_not_ours():
    body = "00020101021228240008ke.go.qr0108123456785802KE5910MAMA MBOGA6304"
    assert reason_of(body + crc(body)) == Reason.NOT_OURS


def test_another_decoder_reads_our_codes():
    payload = merchant_code(a_bill(), KEY)
    assert konthaina_khqr.verify(payload)
    theirs = konthaina_khqr.decode(payload)
    assert (theirs["53"], theirs["54"], theirs["59"]) == ("404", "250.00", "Mama Mboga")


ASCII_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=25)
REFERENCES = ASCII_TEXT.filter(lambda text: text and text.strip() == text)
MARKETS = st.sampled_from([("KE", "KES"), ("PH", "PHP"), ("TH", "THB"), ("KW", "KWD")])


@st.composite
def codes(draw):
    country, currency = draw(MARKETS)
    amount_minor = draw(st.none() | st.integers(1, 10**11))
    lifetimes = st.integers(1, 10**6).map(lambda s: NOW + timedelta(seconds=s))
    expires_at = draw(st.none() | lifetimes)
    is_for_the_wall = amount_minor is None and expires_at is None
    return MerchantCode(
        till=draw(st.from_regex(r"[0-9]{1,15}", fullmatch=True)),
        name="A" + draw(st.text(max_size=40)),
        city="B" + draw(st.text(max_size=40)),
        country=country,
        currency=currency,
        mcc=draw(st.from_regex(r"[0-9]{4}", fullmatch=True)),
        amount_minor=amount_minor,
        reference=draw(st.none() | REFERENCES if is_for_the_wall else REFERENCES),
        expires_at=expires_at,
    )


@settings(deadline=None)  # rules, not speed
@given(codes())
def test_any_code_comes_back_as_written(code):
    payload = merchant_code(code, KEY, issued_at=NOW, dial="*384*96*123#")
    assert read_code(payload, NOW, KEY) == cut_to_width(code)
    assert encode(decode(payload)) == payload


@settings(deadline=None)  # rules, not speed
@given(codes(), st.data())
def test_any_single_changed_character_is_refused(code, data):
    payload = merchant_code(code, KEY)
    at = data.draw(st.integers(0, len(payload) - 1))
    other = data.draw(st.characters().filter(lambda c: c != payload[at]))
    reason_of(payload[:at] + other + payload[at + 1 :])
    if at < len(payload) - 4 and other.isprintable():
        reason_of(recounted(payload[:at] + other + payload[at + 1 :]))


@pytest.mark.parametrize("code", [a_code(), a_bill()])
def test_any_truncation_is_refused(code):
    payload = merchant_code(code, KEY)
    for length in range(len(payload)):
        reason_of(payload[:length])


def test_ten_thousand_random_strings_raise_nothing_but_a_qr_error():
    chance = random.Random(20260301)
    payload = merchant_code(a_bill(), KEY)
    for _ in range(10_000):
        noise = "".join(chr(chance.randrange(0x110000)) for _ in range(chance.randrange(40)))
        digits = "".join(chance.choice("0123456789A") for _ in range(chance.randrange(200)))
        at = chance.randrange(len(payload))
        for text in (noise, "000201" + digits, payload[:at] + digits[:4] + payload[at + 4 :]):
            try:
                read_code(text, NOW, KEY)
            except QrError:
                continue


def test_no_two_currencies_share_a_number():
    assert len({currency.numeric for currency in CURRENCIES.values()}) == len(CURRENCIES)
