"""Choosing a price and fixing both amounts: exact arithmetic, rounded against whoever asks."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet.errors import Code, Refused
from wallet.fx.makers import Price, Stocked
from wallet.fx.pricing import Offer, PairRules, choose
from wallet.fx.rates import ReferenceRate
from wallet.money import CURRENCIES, Money

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
LOTS = 10**15


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


# Rounding ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minor", "arrives"), [(130, 1), (259, 1), (260, 2), (389, 2), (390, 3)]
)  # 1.99 and 2.99 cents at 1/130 are 1 and 2
def test_what_follows_from_a_fixed_source_is_rounded_down(minor, arrives):
    way = terms("KES", "USD", margin_bps=0)
    assert choose([stocked("128", "130")], way, Money("KES", minor)).target.minor == arrives


@pytest.mark.parametrize(
    ("minor", "costs"), [(1, 1), (128, 1), (129, 2), (193, 2), (256, 2), (257, 3)]
)
def test_what_a_fixed_target_costs_is_rounded_up(minor, costs):
    offer = choose([stocked("128", "130")], terms(margin_bps=0), Money("KES", minor))
    assert (offer.source.minor, offer.target.minor) == (costs, minor)


def test_a_small_fixed_target_pays_the_price_and_the_margin():
    # KES 1.93 are worth USD 0.01496: a cent and a half that the maker must not go short of.
    price = stocked("129.05", "130")
    offer = choose([price], terms(mid="129.05"), Money("KES", 1_93))
    assert (offer.source.minor, offer.margin.minor) == (3, 1)
    assert offer.rate < price.price.bid


@pytest.mark.parametrize(("minor", "margin"), [(2, 1), (99, 1), (2_00, 1), (2_01, 2), (100_00, 50)])
def test_a_margin_is_rounded_up_to_the_next_minor_unit(minor, margin):
    assert choose([stocked("129.05", "130")], terms(), Money("USD", minor)).margin.minor == margin


def test_a_hundred_small_quotes_pay_no_less_margin_than_one():
    price = stocked("129.05", "130")
    small = choose([price], terms(), Money("USD", 99))
    whole = choose([price], terms(), Money("USD", 101 * 99))
    assert 101 * small.margin.minor >= whole.margin.minor == 50
    assert 101 * small.target.minor <= whole.target.minor


def test_the_rate_that_is_shown_is_never_better_than_the_one_that_is_paid():
    offer = choose([stocked("128", "130")], terms("KES", "USD"), Money("KES", 391_00))
    assert offer.target == Money("USD", 2_99)
    assert offer.rate == Decimal("0.007647058823")  # 2.99 / 391 = 0.0076470588235...


def test_a_quote_never_delivers_nothing_and_says_how_much_would_do():
    price, way = stocked("128", "130"), terms("KES", "USD", margin_bps=50)
    for too_little in (1, 130):
        with pytest.raises(Refused) as refusal:
            choose([price], way, Money("KES", too_little))
        assert refusal.value.code is Code.LESS_THAN_TRANSACTION_MIN_VALUE
        assert refusal.value.facts["minimum"] == {"amount": "1.31", "currency": "KES"}
    assert choose([price], way, Money("KES", 131)).target.minor == 1


def test_a_currency_without_decimals_converts_by_major_units():
    reference = ReferenceRate("USD", "JPY", Decimal(150), "test", NOW)
    way = PairRules("USD", "JPY", reference, 300, 0)
    price = stocked("150", "151", quoted="JPY")
    assert choose([price], way, Money("USD", 1_00)).target == Money("JPY", 150)


@dataclass(frozen=True)
class Asked:
    """One maker's price, the market's margin, and which way the customer's money goes."""

    price: Stocked
    terms: PairRules

    @property
    def rate(self) -> Fraction:
        """Minor units of the target for one of the source, as the maker posted it."""
        price = self.price.price
        source, target = self.terms.source_currency, self.terms.target_currency
        major = Fraction(price.bid) if price.base == source else 1 / Fraction(price.ask)
        exact: Fraction = (
            major * 10 ** CURRENCIES[target].exponent / 10 ** CURRENCIES[source].exponent
        )
        return exact

    def offer(self, fixed: Money) -> Offer:
        return choose([self.price], self.terms, fixed)

    def of_source(self, minor: int) -> tuple[int, int]:
        """Return what arrives for so much, and the margin; nothing where too little was asked."""
        try:
            offer = self.offer(Money(self.terms.source_currency, minor))
        except Refused:
            return 0, 0
        assert offer.source.minor == minor
        return offer.target.minor, offer.margin.minor

    def of_target(self, minor: int) -> tuple[int, int]:
        """Return what so much costs, and the margin in it."""
        offer = self.offer(Money(self.terms.target_currency, minor))
        assert offer.target.minor == minor
        return offer.source.minor, offer.margin.minor


@st.composite
def asked(draw):
    """Of every currency with none, two and three decimals, either way, at any rate and margin."""
    base, quoted = draw(st.permutations(["USD", "KES", "JPY", "KWD"]))[:2]
    places = draw(st.integers(0, 4))
    bid = Decimal(draw(st.integers(1, 10**4))).scaleb(-places)
    ask = bid + Decimal(draw(st.integers(0, 10**3))).scaleb(-places)
    price = Price(1, base, quoted, bid, ask, 10**40, NOW, NOW + timedelta(hours=1))
    source, target = draw(st.permutations([base, quoted]))
    reference = ReferenceRate(base, quoted, bid, "test", NOW)
    margin_bps = draw(st.sampled_from([0, 1, 50, 100]) | st.integers(0, 9_000))
    return Asked(Stocked(price, 10**40), PairRules(source, target, reference, 10**9, margin_bps))


few = st.integers(1, 500) | st.integers(1, 10**7)


@given(asked=asked(), minor=few)
def test_every_rounding_of_a_fixed_source_is_against_whoever_asks(asked, minor):
    target, margin = asked.of_source(minor)
    share = Fraction(asked.terms.margin_bps, 10_000)
    assert target <= (minor - margin) * asked.rate  # the maker gives no more than its price
    if target:
        assert 0 <= margin - minor * share < 1
        assert (minor - margin) * asked.rate - target < 1  # nor a whole unit less


@given(asked=asked(), minor=st.integers(1, 10**4))
def test_a_fixed_target_costs_the_least_that_delivers_it_and_never_below_the_price(asked, minor):
    source, margin = asked.of_target(minor)
    share = Fraction(asked.terms.margin_bps, 10_000)
    assert (source - margin) * asked.rate >= minor
    assert margin >= source * share
    assert asked.of_source(source)[0] >= minor > asked.of_source(source - 1)[0]


@given(asked=asked(), parts=st.lists(st.integers(1, 2000), min_size=2, max_size=6))
def test_an_amount_in_parts_never_costs_less_than_at_once(asked, parts):
    delivered = [asked.of_source(part) for part in parts]
    target, margin = asked.of_source(sum(parts))
    assert sum(each for each, _ in delivered) <= target
    if all(each for each, _ in delivered):
        assert sum(each for _, each in delivered) >= margin
    costs = [asked.of_target(part)[0] for part in parts]
    assert sum(costs) >= asked.of_target(sum(parts))[0]
