"""Makers' prices: two-way, sized, for a time."""

from datetime import timedelta
from decimal import Decimal

import pytest

from wallet.errors import Code, Refused
from wallet.fx.makers import live_prices, post_price, withdraw_price
from wallet.markets import MARKETS
from wallet.money import Money

SIZE = Money("USD", 500_00)
KES_MAKER = {"KES": 1_000_00}


def post(town, maker, bid="128", ask="130", *, size=SIZE, lifetime_s=60, **pair):
    names = (pair.get("base", "USD"), pair.get("quoted", "KES"))
    prices = (Decimal(bid), Decimal(ask))
    return post_price(
        town.service.engine, maker.id, names, prices, size, lifetime_s, town.now, MARKETS
    )


def live(town, source="USD", target="KES"):
    with town.service.engine.connect() as connection:
        return live_prices(connection, source, target, town.now)


def test_a_posted_price_is_live_until_it_expires(town):
    maker = town.maker(**KES_MAKER)
    price = post(town, maker, lifetime_s=60)
    town.service.clock.advance(59)
    assert [(each.price, each.inventory_minor) for each in live(town)] == [(price, 1_000_00)]
    town.service.clock.advance(1)
    assert live(town) == ()


def test_a_new_price_takes_the_place_of_the_old(town):
    maker = town.maker(**KES_MAKER)
    post(town, maker, "128", "130")
    newer = post(town, maker, "127", "129")
    assert [each.price for each in live(town)] == [newer]


def test_a_withdrawn_price_is_gone(town):
    maker = town.maker(**KES_MAKER)
    post(town, maker)
    withdraw_price(town.service.engine, maker.id, "USD", "KES")
    assert live(town) == ()


def test_a_price_can_be_withdrawn_by_its_maker_alone(town):
    maker, other = town.maker(**KES_MAKER), town.maker(**KES_MAKER)
    post(town, maker)
    with pytest.raises(Refused) as refusal:
        withdraw_price(town.service.engine, other.id, "USD", "KES")
    assert refusal.value.code is Code.NOT_FOUND
    assert len(live(town)) == 1


def test_a_price_serves_both_directions_where_its_maker_has_what_is_wanted(town):
    maker = town.maker(KES=1_000_00, USD=7_00)
    post(town, maker)
    assert [each.inventory_minor for each in live(town, "KES", "USD")] == [7_00]
    assert [each.inventory_minor for each in live(town, "USD", "KES")] == [1_000_00]


def test_a_frozen_makers_price_is_not_live(town):
    maker = town.maker(**KES_MAKER)
    post(town, maker)
    town.set_status(maker, "frozen")
    assert live(town) == ()


def test_bid_may_equal_ask_but_not_exceed_it(town):
    maker = town.maker(**KES_MAKER)
    post(town, maker, "129", "129")
    with pytest.raises(Refused) as refusal:
        post(town, maker, "129.01", "129")
    assert refusal.value.code is Code.FORMAT_ERROR


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"bid": "0"}, Code.FORMAT_ERROR),
        ({"bid": "-1"}, Code.FORMAT_ERROR),
        ({"size": Money("KES", 500_00)}, Code.FORMAT_ERROR),
        ({"size": Money("USD", 0)}, Code.AMOUNT_NOT_POSITIVE),
        ({"lifetime_s": 0}, Code.PERIOD_OUT_OF_RANGE),
        ({"lifetime_s": 86401}, Code.PERIOD_OUT_OF_RANGE),
        ({"quoted": "USD"}, Code.FORMAT_ERROR),
        ({"quoted": "QQQ"}, Code.CURRENCY_NOT_SUPPORTED),
    ],
)
def test_a_price_that_makes_no_sense_is_refused_and_the_old_one_stands(town, changed, code):
    maker = town.maker(**KES_MAKER)
    before = post(town, maker)
    with pytest.raises(Refused) as refusal:
        post(town, maker, **changed)
    assert refusal.value.code is code
    assert [each.price for each in live(town)] == [before]


def test_the_longest_lifetime_is_a_day(town):
    price = post(town, town.maker(**KES_MAKER), lifetime_s=86400)
    assert price.expires_at == town.now + timedelta(days=1)
