"""A refund waits until a day, which both sides are told; then it is paid or declined."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from tests.wallet.refunds.shop import cover, give
from wallet.refunds.reading import refund_of, see_refund, see_refunds

ONE = timedelta(microseconds=1)
SHORT = 50_00  # what the shop has of the 100.00 that it owes


@pytest.fixture
def payment(town, shop, payer):
    id_ = town.id_in(town.pay(payer, shop, 100_00))
    town.payout(shop, 100_00 - SHORT)
    return id_


def refund(town, payer, asked):
    view = refund_of(town.service.engine, payer.id, town.id_in(asked))
    assert view is not None
    return view.refund


@pytest.mark.rule(
    "A refund that waits is declined where it is not covered within the market's days; both sides "
    "are told the day at once, and what came of it."
)
def test_what_is_not_covered_by_its_day_is_declined_and_both_are_told(
    town, shop, payer, payment, clock
):
    asked = give(town, shop, payment, when_covered=True)
    day = datetime.fromisoformat(asked.answer["waits_until"])
    assert day == town.now + timedelta(days=30)
    for someone in (payer, shop):
        assert "until 4 Feb 12:00" in town.texts(someone)[-1]
    clock.set(day - ONE)
    assert cover(town) == 0
    clock.set(day)
    assert (cover(town), cover(town)) == (1, 0)
    ended = refund(town, payer, asked)
    assert (ended.state, ended.decline_reason) == ("declined", "not covered in time")
    assert (ended.waits_until, ended.ended_at) == (day, day)
    assert "was not covered until 4 Feb 12:00: it will not come" in town.texts(payer)[-1]
    assert "You may refund" in town.texts(shop)[-1]
    assert (town.balance(payer), town.balance(shop, "settlement")) == (400_00, SHORT)
    assert give(town, shop, payment, 20_00).answer["state"] == "paid"


def test_who_looks_after_the_day_sees_it_declined_though_no_worker_ran(
    town, service, shop, payer, payment, clock
):
    both = [give(town, shop, payment, 30_00 + n, when_covered=True) for n in (30_00, 0)]
    looking = (service.engine, service.poster, clock.advance(days=30))
    view = see_refund(*looking, payer.id, town.id_in(both[0]))
    assert view is not None
    assert (view.refund.state, refund(town, payer, both[1]).state) == ("declined", "waiting")
    assert see_refunds(*looking, shop.id, only_waiting=True).items == ()
    assert (cover(town), refund(town, payer, both[1]).state) == (0, "paid")


def test_what_is_covered_when_its_day_comes_is_still_paid(town, shop, payer, payment, clock):
    """No worker came in between; its money was there."""
    asked = give(town, shop, payment, when_covered=True)
    town.pay(town.person(balance=200_00), shop, 60_00)
    clock.advance(days=31)
    assert cover(town) == 1
    assert (refund(town, payer, asked).state, town.balance(payer)) == ("paid", 500_00)


def test_once_the_day_of_an_older_one_has_come_what_is_covered_is_paid(
    town, shop, payer, payment, clock
):
    """Both in one batch, as one after the other."""
    both = [give(town, shop, payment, 30_00 + n, when_covered=True) for n in (30_00, 0)]
    clock.advance(days=30)
    assert cover(town) == 2
    assert [refund(town, payer, each).state for each in both] == ["declined", "paid"]


def test_a_refund_paid_at_once_has_no_day(town, shop, payer, payment):
    asked = give(town, shop, payment, 10_00, when_covered=True)
    assert (asked.answer["state"], asked.answer["waits_until"]) == ("paid", None)
    assert refund(town, payer, asked).waits_until is None


@pytest.mark.parametrize("day", ["NULL", "now()"])
def test_the_database_keeps_the_day(town, shop, payment, day):
    asked = town.id_in(give(town, shop, payment, when_covered=True))
    with pytest.raises(DBAPIError, match="keeps the day until which it waits"):
        town.owner_sql(f"UPDATE refunds SET waits_until = {day} WHERE id = :id", id=asked)
