"""Batches: payouts of one kind, market and currency, as many as the rail takes at a time."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from wallet.markets import MARKETS
from wallet.payouts.batching import make_batches, needs_two
from wallet.payouts.rails.rail import Pending, Rail


class Takes(Rail):
    def __init__(self, most):
        self.most_in_batch = most

    def submit(self, order):
        return Pending()

    def status(self, order):
        return Pending()


@pytest.fixture
def merchant(town):
    merchant = town.merchant(period_s=0)
    town.pay(town.person(balance=100_000), merchant, 100_000)
    return merchant


def batch(service, **rails):
    return make_batches(service.engine, service.ids, service.markets, rails, service.clock.now())


def batches(town):
    query = "SELECT kind, payout_count, total_minor, state FROM payout_batches ORDER BY id"
    return [tuple(row) for row in town.sql(query)]


def test_a_rail_gets_as_many_as_it_takes_at_a_time(town, merchant, service):
    for minor in (1_000, 2_000, 3_000):
        town.payout(merchant, minor)
    assert batch(service, bank=Takes(2)) == 2
    assert batches(town) == [("bank", 2, 3_000, "released"), ("bank", 1, 3_000, "released")]
    assert batch(service, bank=Takes(2)) == 0


def test_what_has_no_rail_waits(town, merchant, service):
    town.payout(merchant, 1_000)
    assert batch(service, mobile=Takes(1)) == 0
    assert batch(service, bank=Takes(1)) == 1


def test_two_workers_put_each_payout_into_one_batch(town, merchant, service):
    for _ in range(6):
        town.payout(merchant, 1_000)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda _: batch(service, bank=Takes(100)), range(4)))
    assert sum(count for _, count, _, _ in batches(town)) == 6
    assert town.sql("SELECT id FROM payouts WHERE batch_id IS NULL") == []


@pytest.mark.parametrize(
    ("currency", "minor", "two"),
    [("KES", 100_000_000, False), ("KES", 100_000_001, True), ("USD", 1, True)],
)
def test_a_batch_above_the_limit_or_in_foreign_money_takes_two(currency, minor, two):
    assert needs_two(MARKETS["KE"], currency, minor) is two
