"""Phone numbers: what is accepted becomes E.164, what is not is refused with its own code."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wallet.errors import Code, Refused
from wallet.markets import MARKETS
from wallet.numbers import (
    _local_any,
    _parse,
    _parse_any,
    local_number,
    masked,
    parse_msisdn,
    region_of,
)


@pytest.mark.parametrize(
    ("text", "region", "msisdn"),
    [
        ("+254711000002", "KE", "+254711000002"),
        ("+254711000002", "PH", "+254711000002"),
        ("0711000002", "KE", "+254711000002"),
        (" 0711 000-002 ", "KE", "+254711000002"),
        ("(0711) 000.002", "KE", "+254711000002"),
        ("+254 711 000 002", "KE", "+254711000002"),
        ("0917 123 4567", "PH", "+639171234567"),
        ("081 234 5678", "TH", "+66812345678"),
        ("\u202a+254711000042\u202c", "KE", "+254711000042"),
        ("\u200e0711000042", "KE", "+254711000042"),
        ("+254\u00a0711\u00a0000\u00a0042", "KE", "+254711000042"),
        ("+254\u2011711\u2011000\u2011042", "KE", "+254711000042"),
        ("\ufeff\u2068(0711) 000\u200b042\u2069\u3000", "KE", "+254711000042"),
    ],
)
def test_a_number_as_people_write_it_becomes_e164(text, region, msisdn):
    assert parse_msisdn(text, region, MARKETS) == msisdn


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", Code.PHONE_MALFORMED),
        ("   ", Code.PHONE_MALFORMED),
        ("abc", Code.PHONE_MALFORMED),
        ("0", Code.PHONE_MALFORMED),
        ("0711", Code.PHONE_MALFORMED),
        ("07110000021111", Code.PHONE_MALFORMED),
        ("+2547110000021", Code.PHONE_MALFORMED),
        ("+999711000002", Code.PHONE_MALFORMED),
        ("0711FLOWER", Code.PHONE_MALFORMED),
        ("0711000002;ext=5", Code.PHONE_MALFORMED),
        ("tel:0711000002", Code.PHONE_MALFORMED),
        ("0711\n000002", Code.PHONE_MALFORMED),
        ("0711\x00000002", Code.PHONE_MALFORMED),
        ("0711000002\U0001f600", Code.PHONE_MALFORMED),
        ("\u0660\u0667\u0661\u0661\u0660\u0660\u0660\u0660\u0660\u0662", Code.PHONE_MALFORMED),
        ("\uff0b254711000002", Code.PHONE_MALFORMED),  # fullwidth plus
        ("\u202e240000117254+", Code.PHONE_MALFORMED),  # it is shown as +254711000042
        ("\u200b" * 5, Code.PHONE_MALFORMED),
        ("\u200b" * 10_000 + "0711000002", Code.PHONE_MALFORMED),
        ("0917 123 4567", Code.PHONE_MALFORMED),  # a Philippine short form, read in Kenya
        ("1" * 10_000, Code.PHONE_MALFORMED),
        (None, Code.PHONE_MALFORMED),
        (254711000002, Code.PHONE_MALFORMED),
        (["0711000002"], Code.PHONE_MALFORMED),
        ("+254202000000", Code.PHONE_NOT_MOBILE),  # Nairobi, fixed
        ("+254800723253", Code.PHONE_NOT_MOBILE),  # toll-free
        ("+442079460000", Code.PHONE_NOT_MOBILE),
        ("+447400123456", Code.PHONE_REGION_NOT_SERVED),
        ("+255712345678", Code.PHONE_REGION_NOT_SERVED),
    ],
)
def test_a_bad_number_is_refused_with_its_own_code(text, code):
    with pytest.raises(Refused) as caught:
        parse_msisdn(text, "KE", MARKETS)
    assert caught.value.code is code


@given(st.text(max_size=22))
def test_any_text_is_a_number_of_a_market_or_refused(text):
    try:
        msisdn = parse_msisdn(text, "KE", MARKETS)
    except Refused:
        return
    assert region_of(msisdn) in MARKETS
    assert parse_msisdn(msisdn, "PH", MARKETS) == msisdn


@pytest.mark.parametrize(
    ("msisdn", "local"),
    [
        ("+254711000002", "0711000002"),
        ("+639171234567", "09171234567"),
        ("+66812345678", "0812345678"),
    ],
)
def test_a_number_is_shown_as_its_country_writes_it(msisdn, local):
    assert local_number(msisdn) == local


def test_a_log_shows_no_whole_number():
    assert masked("+254711000002") == "+2547…002"


NATIONAL = st.text("0123456789", min_size=6, max_size=11)
STARTS = (
    "+254",
    "+2547",
    "+25411",
    "+63",
    "+639",
    "+66",
    "+668",
    "+666",
    "+255",
    "+44",
    "+1",
    "+7",
)


@settings(max_examples=500)
@given(st.sampled_from(STARTS), NATIONAL)
def test_the_short_way_through_a_number_agrees_with_the_long_one(start, rest):
    text = start + rest
    assert _parse(text, "KE") == _parse_any(text, "KE")
    if _parse_any(text, "KE")[1] is None:
        assert local_number(text) == _local_any(text)


@settings(max_examples=300)
@given(st.sampled_from(["KE", "PH", "TH"]), st.from_regex(r"0[1789][0-9]{7,9}", fullmatch=True))
def test_a_number_as_dialled_at_home_is_read_as_libphonenumber_reads_it(region, text):
    assert _parse(text, region) == _parse_any(text, region)
