"""Money: whole minor units, read strictly, shown exactly."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.gsm7 import is_gsm7
from wallet.errors import Code, Refused
from wallet.money import CURRENCIES, MAX_MINOR, Money, format_amount, parse_amount

currencies = st.sampled_from(sorted(CURRENCIES))
amounts = st.builds(Money, currencies, st.integers(1, MAX_MINOR))


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("250.00", "KES", 25_000), ("250", "KES", 25_000), ("250.5", "KES", 25_050),
        ("0.01", "KES", 1), ("0.001", "KWD", 1), ("12345", "JPY", 12_345), ("1", "UGX", 1),
        ("9999999999999.99", "KES", MAX_MINOR), ("999999999999999", "JPY", MAX_MINOR),
    ],
)  # fmt: skip
def test_an_amount_is_read_to_the_minor_unit(text, currency, minor):
    assert parse_amount(text, currency) == Money(currency, minor)


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("0", "KES", Code.AMOUNT_NOT_POSITIVE),
        ("0.00", "KES", Code.AMOUNT_NOT_POSITIVE),
        ("-1", "KES", Code.AMOUNT_NOT_POSITIVE),
        ("-0.01", "KES", Code.AMOUNT_NOT_POSITIVE),
        ("12.505", "KES", Code.AMOUNT_TOO_PRECISE),
        ("12.500", "KES", Code.AMOUNT_TOO_PRECISE),
        ("12.0", "JPY", Code.AMOUNT_TOO_PRECISE),
        ("1.0000", "KWD", Code.AMOUNT_TOO_PRECISE),
        ("10000000000000.00", "KES", Code.AMOUNT_TOO_LARGE),
        ("1000000000000000", "JPY", Code.AMOUNT_TOO_LARGE),
        ("9" * 10_000, "KES", Code.AMOUNT_TOO_LARGE),
        (250.0, "KES", Code.AMOUNT_MALFORMED),
        (250, "KES", Code.AMOUNT_MALFORMED),
        (True, "KES", Code.AMOUNT_MALFORMED),
        (None, "KES", Code.AMOUNT_MALFORMED),
        (["250"], "KES", Code.AMOUNT_MALFORMED),
        ({"amount": "250"}, "KES", Code.AMOUNT_MALFORMED),
        ("", "KES", Code.AMOUNT_MALFORMED),
        (" 250", "KES", Code.AMOUNT_MALFORMED),
        ("250\n", "KES", Code.AMOUNT_MALFORMED),
        ("+250", "KES", Code.AMOUNT_MALFORMED),
        ("0250", "KES", Code.AMOUNT_MALFORMED),
        ("250.", "KES", Code.AMOUNT_MALFORMED),
        (".50", "KES", Code.AMOUNT_MALFORMED),
        ("1,000.00", "KES", Code.AMOUNT_MALFORMED),
        ("1_000", "KES", Code.AMOUNT_MALFORMED),
        ("2.5e2", "KES", Code.AMOUNT_MALFORMED),
        ("0x10", "KES", Code.AMOUNT_MALFORMED),
        ("NaN", "KES", Code.AMOUNT_MALFORMED),
        ("-NaN", "KES", Code.AMOUNT_MALFORMED),
        ("Infinity", "KES", Code.AMOUNT_MALFORMED),
        ("\u0662\u0665\u0660", "KES", Code.AMOUNT_MALFORMED),  # Arabic-Indic 250
        ("\u096a", "KES", Code.AMOUNT_MALFORMED),  # Devanagari 4
        ("\uff12\uff15", "KES", Code.AMOUNT_MALFORMED),  # fullwidth 25
        ("25\u00b2", "KES", Code.AMOUNT_MALFORMED),  # 25 squared
        ("--1", "KES", Code.AMOUNT_MALFORMED),
        ("250", "kes", Code.CURRENCY_NOT_SUPPORTED),
        ("250", "XXX", Code.CURRENCY_NOT_SUPPORTED),
        ("250", "", Code.CURRENCY_NOT_SUPPORTED),
        ("250", None, Code.CURRENCY_NOT_SUPPORTED),
        ("250", 404, Code.CURRENCY_NOT_SUPPORTED),
        ("250", ["KES"], Code.CURRENCY_NOT_SUPPORTED),
        (250.0, "XXX", Code.CURRENCY_NOT_SUPPORTED),
    ],
)
def test_a_bad_amount_is_refused_with_its_own_code(text, currency, code):
    with pytest.raises(Refused) as caught:
        parse_amount(text, currency)
    assert caught.value.code is code


def test_what_is_shown_of_a_bad_currency_is_short():
    with pytest.raises(Refused) as caught:
        parse_amount("1", "X" * 10_000)
    assert caught.value.facts == {"currency": "XXXXXXXX"}


@pytest.mark.parametrize("currency", [None, 404, ["KES"], {}, False])
def test_what_is_no_text_is_not_shown_as_a_currency(currency):
    with pytest.raises(Refused) as caught:
        parse_amount("1", currency)
    assert caught.value.facts == {}


@given(amounts)
def test_what_is_written_is_read_back_the_same(money):
    assert parse_amount(money.text, money.currency) == money


@given(st.text(max_size=12), currencies)
def test_any_text_is_an_amount_or_refused(text, currency):
    try:
        money = parse_amount(text, currency)
    except Refused:
        return
    assert money.is_positive
    assert text.isascii()
    assert money.minor <= MAX_MINOR


@pytest.mark.parametrize(
    ("money", "text", "shown"),
    [
        (Money("KES", 1_234_550), "12345.50", "KSh 12,345.50"),
        (Money("KES", 5), "0.05", "KSh 0.05"),
        (Money("KES", -5), "-0.05", "KSh -0.05"),
        (Money("JPY", 1_234_550), "1234550", "JPY 1,234,550"),
        (Money("KWD", 1_234_550), "1234.550", "KWD 1,234.550"),
        (Money("KES", 0), "0.00", "KSh 0.00"),
    ],
)
def test_an_amount_shows_all_decimals_of_its_currency(money, text, shown):
    assert (format_amount(money), money.shown) == (text, shown)


def test_every_currency_can_be_written_in_an_sms():
    assert all(is_gsm7(Money(code, 1).shown) for code in CURRENCIES)


def test_money_of_two_currencies_does_not_mix():
    shillings, dollars = Money("KES", 1), Money("USD", 1)
    for mixed in (
        lambda: shillings + dollars, lambda: shillings - dollars, lambda: shillings > dollars,
    ):  # fmt: skip
        with pytest.raises(AssertionError):
            mixed()


@pytest.mark.parametrize("minor", [1.0, "1", True, Decimal(1), None])
def test_minor_units_are_an_integer_and_nothing_else(minor):
    with pytest.raises(AssertionError):
        Money("KES", minor)
