"""Choosing a price and fixing both amounts: exact arithmetic, half to even, never nothing."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from wallet.errors import Code, Refused
from wallet.fx.makers import Price, Stocked
from wallet.fx.pricing import PairRules, choose
from wallet.fx.rates import ReferenceRate
from wallet.money import Money

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
LOTS = 10**13


def stocked(bid, ask, *, maker=1, base="USD", quoted="KES", size=LOTS, inventory=LOTS):
    price = Price(
        maker, base, quoted, Decimal(bid), Decimal(ask), size, NOW, NOW + timedelta(hours=1)
    )
    return Stocked(price, inventory)


def terms(source="USD", target="KES", mid="129", band_bps=300, margin_bps=50):
    reference = ReferenceRate("USD", "KES", Decimal(mid), "test", NOW)
    return PairRules(source, target, reference, band_bps, margin_bps)


def test_the_margin_is_taken_from_the_source_before_it_is_converted():
    offer = choose([stocked("128", "130")], terms(), Money("USD", 100_00))
    assert (offer.margin.minor, offer.target.minor) == (50, 9_950 * 128)
    assert offer.rate == Decimal("127.36")


def test_a_fixed_target_arrives_exactly_and_the_source_follows():
    offer = choose([stocked("128", "130")], terms(), Money("KES", 9_950 * 128))
    assert (offer.source.minor, offer.margin.minor) == (100_00, 50)
    assert offer.target.minor == 9_950 * 128


def test_a_maker_buys_its_base_at_the_bid_and_sells_it_at_the_ask():
    bought = choose([stocked("128", "130")], terms(margin_bps=0), Money("USD", 1_00))
    sold = choose([stocked("128", "130")], terms("KES", "USD", margin_bps=0), Money("KES", 130_00))
    assert (bought.target, sold.target) == (Money("KES", 128_00), Money("USD", 1_00))


def test_the_best_price_for_the_customer_is_taken_whichever_way_it_is_quoted():
    ways = [
        stocked("128", "130", maker=1),
        stocked("0.0076", "0.0077", maker=2, base="KES", quoted="USD"),  # sells KES at 129.87
        stocked("129", "131", maker=3),
    ]
    assert choose(ways, terms(), Money("USD", 1_00)).price.maker_id == 2
    assert choose(ways, terms("KES", "USD"), Money("KES", 500_00)).price.maker_id == 1


def test_of_equal_prices_the_earliest_posted_is_taken():
    ways = [stocked("128", "130", maker=7), stocked("128", "130", maker=2)]
    assert choose(ways, terms(), Money("USD", 1_00)).price.maker_id == 7


def test_a_price_at_the_edge_of_the_band_is_taken_and_one_beyond_it_is_not():
    def take(bid):
        return choose([stocked(bid, "140")], terms(mid="100"), Money("USD", 1_00))

    assert take("97").price.bid == 97
    assert take("103").price.bid == 103
    for outside in ("96.999999", "103.000001"):
        with pytest.raises(Refused) as refusal:
            take(outside)
        assert refusal.value.code is Code.NO_PRICE


def test_a_price_too_good_to_be_true_gives_way_to_an_honest_one():
    ways = [stocked("1290", "1300", maker=1), stocked("128", "130", maker=2)]
    assert choose(ways, terms(), Money("USD", 1_00)).price.maker_id == 2


@pytest.mark.parametrize(
    ("best", "chosen"),
    [
        ({"size": 99_50}, 1),  # of the base, after the margin
        ({"size": 99_49}, 2),
        ({"inventory": 9_950 * 129}, 1),
        ({"inventory": 9_950 * 129 - 1}, 2),
    ],
)
def test_what_the_best_maker_cannot_fill_goes_to_the_next(best, chosen):
    ways = [stocked("129", "131", maker=1, **best), stocked("128", "130", maker=2)]
    assert choose(ways, terms(), Money("USD", 100_00)).price.maker_id == chosen


def test_the_size_is_of_the_base_also_when_the_base_is_bought():
    one = stocked("128", "130", size=1_00)
    bought = choose([one], terms("KES", "USD", margin_bps=0), Money("USD", 1_00))
    assert bought.source == Money("KES", 130_00)
    with pytest.raises(Refused) as refusal:
        choose([one], terms("KES", "USD", margin_bps=0), Money("USD", 1_01))
    assert refusal.value.code is Code.NO_PRICE


@pytest.mark.parametrize(
    ("minor", "arrives"), [(65, 0), (194, 1), (195, 2), (325, 2)]
)  # 0.5, 1.49, 1.5 and 2.5 cents at 1/130
def test_amounts_are_rounded_half_to_even(minor, arrives):
    price, way = stocked("128", "130"), terms("KES", "USD", margin_bps=0)
    if arrives:
        assert choose([price], way, Money("KES", minor)).target.minor == arrives
    else:
        with pytest.raises(Refused):
            choose([price], way, Money("KES", minor))


def test_a_quote_never_delivers_nothing_and_says_how_much_would_do():
    price, way = stocked("128", "130"), terms("KES", "USD", margin_bps=0)
    with pytest.raises(Refused) as refusal:
        choose([price], way, Money("KES", 1))
    assert refusal.value.code is Code.LESS_THAN_TRANSACTION_MIN_VALUE
    assert refusal.value.facts["minimum"] == {"amount": "0.66", "currency": "KES"}
    assert choose([price], way, Money("KES", 66)).target.minor == 1


def test_nothing_is_sold_for_nothing():
    price = stocked("128", "130")
    with pytest.raises(Refused) as refusal:
        choose([price], terms(), Money("KES", 1))
    assert refusal.value.code is Code.LESS_THAN_TRANSACTION_MIN_VALUE
    assert refusal.value.facts["minimum"] == {"amount": "0.65", "currency": "KES"}
    assert choose([price], terms(), Money("KES", 65)).source.minor == 1


def test_a_currency_without_decimals_converts_by_major_units():
    reference = ReferenceRate("USD", "JPY", Decimal(150), "test", NOW)
    way = PairRules("USD", "JPY", reference, 300, 0)
    price = stocked("150", "151", quoted="JPY")
    assert choose([price], way, Money("USD", 1_00)).target == Money("JPY", 150)


@given(
    minor=st.integers(1, 10**11),
    is_source=st.booleans(),
    bid=st.decimals("125.5", "132", places=6),
    spread=st.decimals("0", "0.5", places=6),
    backwards=st.booleans(),
    margin_bps=st.integers(0, 500),
)
def test_whatever_is_asked_the_amounts_agree_with_the_price_to_half_a_unit(
    minor, is_source, bid, spread, backwards, margin_bps
):
    source, target = ("KES", "USD") if backwards else ("USD", "KES")
    way = terms(source, target, margin_bps=margin_bps)
    fixed = Money(source if is_source else target, minor)
    try:
        offer = choose([stocked(bid, bid + spread)], way, fixed)
    except Refused:
        assume(False)  # too little for anything to arrive
    assert fixed in (offer.source, offer.target)
    assert 0 <= offer.margin.minor < offer.source.minor
    converted = offer.source.minor - offer.margin.minor
    used = bid if not backwards else 1 / (bid + spread)
    # Half a unit of the amount that followed, in units of the target.
    allowed = Decimal("0.500001") * (1 if is_source else max(used, 1))
    assert abs(offer.target.minor - converted * used) <= allowed
    assert abs(offer.margin.minor - Decimal(offer.source.minor) * margin_bps / 10_000) <= 1
