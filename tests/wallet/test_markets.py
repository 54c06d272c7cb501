"""Markets: every data file is whole, and fees and limits are read to the cent."""

from itertools import pairwise

import pytest

from sms.wording import LANGUAGES
from wallet.errors import Code, Refused
from wallet.markets import MARKETS, hastened, load_markets, parse_market
from wallet.money import Money
from wallet.numbers import region_of

markets = pytest.mark.parametrize("market", MARKETS.values(), ids=lambda market: market.code)

A_FILE = """
code = "KE"
name = "Kenya"
currency = "KES"
time_zone = "Africa/Nairobi"
calling_code = 254
languages = ["en"]
service_code = "*1#"
quote_lifetime_s = 1
quote_margin_bps = 1
reference_rate_max_age_s = 1
price_band_bps = 1
claim_days = 1
refund_days = 1
{limits}
[fees]
send = [{fees}]
[payouts]
minimum = "1.00"
cooling_off_hours = 1
cash_days = 1
four_eyes_above = "1.00"
approval_days = 1
[disputes]
answer_days = 3
period_days = 14
final_days = 7
default_to_payee_bps = 5000
[disputes.four_eyes_above]
KES = "50000.00"
"""
TIER = """
[[limits]]
tier = {tier}
minimum = "1.00"
per_transaction = "2.00"
daily_out = "3.00"
monthly_out = "4.00"
balance = "5.00"
"""


def test_kenya_the_philippines_and_thailand_are_served():
    assert MARKETS.keys() >= {"KE", "PH", "TH"}
    assert load_markets().keys() == MARKETS.keys()


@markets
def test_a_markets_code_is_its_file_and_its_phones(market):
    example = {"KE": "+254711000002", "PH": "+639171234567", "TH": "+66812345678"}
    assert region_of(example[market.code]) == market.code
    assert example[market.code].startswith(f"+{market.calling_code}")


@markets
def test_every_language_of_a_market_has_texts(market):
    assert set(market.languages) <= LANGUAGES.keys()


@markets
def test_every_currency_has_the_same_tiers(market):
    assert {len(tiers) for tiers in market.limits.values()} == {2}
    assert market.currencies[0] == market.currency


@markets
def test_limits_fit_into_one_another_and_rise_with_the_tier(market):
    for tiers in market.limits.values():
        for limits in tiers:
            assert 0 < limits.minimum_minor < limits.per_transaction_minor
            assert limits.per_transaction_minor <= limits.daily_out_minor
            assert limits.daily_out_minor <= limits.monthly_out_minor
        for lower, higher in pairwise(tiers):
            assert lower.per_transaction_minor <= higher.per_transaction_minor
            assert lower.balance_minor <= higher.balance_minor


@markets
@pytest.mark.parametrize("flow", ["send", "pay"])
def test_whatever_the_limits_allow_has_a_fee(market, flow):
    """So a fee is never refused after the limits have said yes."""
    for currency, tiers in market.limits.items():
        for limits in tiers:
            assert market.fee(flow, Money(currency, limits.per_transaction_minor)).minor >= 0
            assert market.fee(flow, Money(currency, limits.minimum_minor)).minor >= 0


@markets
def test_a_fee_never_falls_as_the_amount_rises(market):
    for tariff in market.tariffs.values():
        assert list(tariff.fee_minor) == sorted(tariff.fee_minor)


@pytest.mark.parametrize(
    ("minor", "fee"), [(1, 0), (10_000, 0), (10_001, 700), (50_000, 700), (50_001, 1_300)]
)
def test_a_band_includes_its_upper_end(minor, fee):
    assert MARKETS["KE"].fee("send", Money("KES", minor)) == Money("KES", fee)


def test_a_currency_may_have_a_tariff_of_its_own():
    assert MARKETS["KE"].fee("send", Money("USD", 1_001)) == Money("USD", 80)


def test_past_the_last_band_the_amount_is_too_great():
    with pytest.raises(Refused) as caught:
        MARKETS["KE"].fee("send", Money("KES", 25_000_001))
    assert caught.value.code is Code.GREATER_THAN_TRANSACTION_MAX_VALUE
    assert caught.value.facts == {"maximum": "250000.00"}


def test_where_there_is_no_tariff_the_currency_is_not_supported():
    for ask in (
        lambda: MARKETS["KE"].fee("send", Money("THB", 100)),
        lambda: MARKETS["KE"].limits_of(1, "THB"),
    ):
        with pytest.raises(Refused) as caught:
            ask()
        assert caught.value.code is Code.CURRENCY_NOT_SUPPORTED


def test_no_limit_on_what_comes_in_where_the_file_names_none():
    assert MARKETS["KE"].limits_of(1, "KES").monthly_in_minor is None
    assert MARKETS["PH"].limits_of(1, "PHP").monthly_in_minor == 10_000_000


@pytest.mark.parametrize(
    ("limits", "fees"),
    [
        (TIER.format(tier=1), '{up_to = "1.00", fee = "0.00"}'),
        (TIER.format(tier=0) * 2, '{up_to = "1.00", fee = "0.00"}'),
        (TIER.format(tier=0), '{up_to = "2.00", fee = "0.00"}, {up_to = "1.00", fee = "0.00"}'),
        (TIER.format(tier=0), '{up_to = "1.00", fee = "0.00"}, {up_to = "1.00", fee = "1.00"}'),
    ],
)
def test_a_file_with_missing_tiers_or_falling_bands_does_not_load(limits, fees):
    with pytest.raises(AssertionError):
        parse_market(A_FILE.format(limits=limits, fees=fees))


@pytest.mark.parametrize("fee", ["0.005", "-1.00", "1,00"])
def test_a_file_with_a_malformed_amount_does_not_load(fee):
    with pytest.raises(Refused):
        parse_market(
            A_FILE.format(limits=TIER.format(tier=0), fees=f'{{up_to = "1.00", fee = "{fee}"}}')
        )


@markets
def test_every_market_says_how_long_a_dispute_may_take(market):
    terms = market.disputes
    day_s = 86_400
    assert (terms.answer_s, terms.period_s, terms.final_s) == (3 * day_s, 14 * day_s, 7 * day_s)
    assert terms.default_to_payee_bps == 5_000
    assert market.currency in terms.four_eyes_above_minor


def test_where_no_amount_is_said_two_operators_decide():
    terms = MARKETS["KE"].disputes
    limit = terms.four_eyes_above_minor["KES"]
    assert not terms.needs_two(Money("KES", limit))
    assert terms.needs_two(Money("KES", limit + 1))
    assert terms.needs_two(Money("THB", 1))


def test_disputes_can_be_tried_in_seconds():
    terms = hastened(MARKETS, 5)["KE"].disputes
    assert (terms.answer_s, terms.period_s, terms.final_s) == (5, 5, 5)
    assert MARKETS["KE"].disputes.answer_s > 5


@pytest.mark.parametrize(
    ("balance", "amount"),
    [(0, 0), (5_000, 0), (5_001, 1), (15_000, 10_000), (10**12, 10_000_000_000)],
)
def test_the_most_that_a_balance_covers_leaves_its_fee(balance, amount):
    market = MARKETS["KE"]
    most = market.most_within("payout", Money("KES", balance))
    assert most == Money("KES", amount)


def test_the_most_that_a_balance_covers_is_reckoned_with_the_fee_of_its_own_band():
    market = MARKETS["KE"]
    for minor in range(9_000, 130_000, 700):  # across several bands
        most = market.most_within("send", Money("KES", minor))
        assert (most + market.fee("send", most)).minor <= minor
