"""Reference rates: exact, of the present, the newest one stands."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from wallet.errors import Code, Refused
from wallet.fx.rates import ReferenceRate, parse_rate, rate_text, read_rate, set_rate


def a_rate(town, mid="129.05", base="USD", quoted="KES", source="CBK", **back):
    return ReferenceRate(base, quoted, Decimal(mid), source, town.now - timedelta(**back))


def known(town, one="USD", other="KES"):
    with town.service.engine.connect() as connection:
        return read_rate(connection, one, other)


def test_a_newer_rate_takes_the_place_of_the_older(town):
    set_rate(town.service.engine, a_rate(town, "129.05", minutes=2), town.now)
    set_rate(town.service.engine, a_rate(town, "129.10", minutes=1), town.now)
    assert known(town) == a_rate(town, "129.10", minutes=1)


def test_a_rate_that_comes_late_does_not_push_out_a_newer_one(town):
    set_rate(town.service.engine, a_rate(town, "129.10"), town.now)
    with pytest.raises(Refused) as refusal:
        set_rate(town.service.engine, a_rate(town, "129.05", minutes=1), town.now)
    assert refusal.value.code is Code.INCORRECT_STATE
    assert known(town).mid == Decimal("129.10")


def test_one_rate_serves_both_directions_exactly(town):
    set_rate(town.service.engine, a_rate(town, "128"), town.now)
    rate = known(town, "KES", "USD")
    assert (rate.of("USD"), rate.of("KES")) == (128, Fraction(1, 128))


def test_of_two_directions_the_newer_stands(town):
    set_rate(town.service.engine, a_rate(town, "128", minutes=1), town.now)
    set_rate(town.service.engine, a_rate(town, "0.0078", "KES", "USD"), town.now)
    assert known(town).base == "KES"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"base": "XXX"}, Code.CURRENCY_NOT_SUPPORTED),
        ({"quoted": "kes"}, Code.CURRENCY_NOT_SUPPORTED),
        ({"base": "KES"}, Code.FORMAT_ERROR),
        ({"source": " "}, Code.FORMAT_ERROR),
        ({"minutes": -6}, Code.FORMAT_ERROR),
    ],
)
def test_a_rate_of_nothing_from_nobody_or_of_the_future_is_refused(town, changed, code):
    with pytest.raises(Refused) as refusal:
        set_rate(town.service.engine, a_rate(town, **changed), town.now)
    assert refusal.value.code is code
    assert known(town) is None


@pytest.mark.parametrize("text", ["129.05", "0.000000000001", "999999999999", "1"])
def test_a_rate_is_read_exactly(text):
    assert rate_text(parse_rate(text, "mid")) == text


@pytest.mark.parametrize(
    "value",
    [129.05, 129, None, "", "0", "0.0", "-1", "+1", "1e3", "NaN", "Infinity", "1,5", " 1", "1 ",
     "01", ".5", "5.", "1.0000000000001", "1000000000000", "١٢٩", "1_0"],
)  # fmt: skip
def test_a_rate_is_a_positive_decimal_in_a_string(value):
    with pytest.raises(Refused) as refusal:
        parse_rate(value, "mid")
    assert (refusal.value.code, refusal.value.facts["field"]) == (Code.FORMAT_ERROR, "mid")
