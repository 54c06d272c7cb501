"""Reserves freed and monthly fees charged by workers, on a clock that the tests move."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from tests.town import started
from tests.wallet.merchants.pricings import price
from wallet.errors import Code, Refused
from wallet.ledger.due import TimerLoop
from wallet.ledger.poster import Poster
from wallet.merchants import free_reserve
from wallet.merchants.jobs import DUE_MONTHS, DUE_RESERVES, RESERVES, monthly_fees

DAY_S = 86_400
FEBRUARY = datetime(2026, 1, 31, 21, tzinfo=UTC)  # in Nairobi
MARCH = datetime(2026, 2, 28, 21, tzinfo=UTC)


@pytest.fixture
def payer(town):
    return town.person(balance=90_000_00)


@pytest.fixture
def merchant(town):
    return town.merchant(period_s=0)


def freed(service):
    return TimerLoop(service.engine, service.poster, RESERVES).step(service.clock.now())


def charged(service):
    timer = monthly_fees(service.markets)
    return TimerLoop(service.engine, service.poster, timer).step(service.clock.now())


def settled(town, merchant):
    return town.balance(merchant, "settlement"), town.balance(merchant, "reserve")


def test_commission_and_reserve_are_taken_of_a_direct_payment_at_once(town, payer, merchant):
    price(town, merchant, commission_bps=200, reserve_bps=1_000, reserve_days=7)
    town.pay(payer, merchant, 1_000_00)
    assert settled(town, merchant) == (882_00, 98_00)
    assert town.balance(None, "commissions") == 20_00
    assert "Fee KSh 20.00. Balance KSh 882.00" in town.texts(merchant)[-1]


@pytest.mark.rule("Commission is taken of what is released, and what is returned costs nothing.")
def test_commission_is_taken_of_what_is_released_and_what_is_returned_costs_nothing(town, payer):
    merchant = town.merchant(period_s=DAY_S)
    price(town, merchant, commission_bps=100, commission_min_minor=5_00)
    contract = town.hold(payer, merchant, 1_000_00)
    assert settled(town, merchant) == (0, 0)
    town.release(payer, contract, 200_00)
    town.give_back(merchant, contract, 300_00)
    assert settled(town, merchant) == (195_00, 0)
    town.release(payer, contract)
    assert settled(town, merchant) == (693_00, 0)  # of 700.00 released, 7.00
    assert town.sql("SELECT commission_minor FROM contracts")[0][0] == 7_00


@pytest.mark.rule("A contract keeps the terms it was paid under.")
def test_a_contract_keeps_the_terms_it_was_paid_under(town, payer):
    merchant = town.merchant(period_s=DAY_S)
    price(town, merchant, commission_bps=100)
    old = town.hold(payer, merchant, 100_00)
    price(town, merchant, commission_bps=5_000)
    new = town.hold(payer, merchant, 100_00)
    town.release(payer, old)
    assert settled(town, merchant) == (99_00, 0)
    town.release(payer, new)
    assert settled(town, merchant) == (149_00, 0)


def test_a_reserve_is_freed_when_its_days_are_over_and_not_before(
    town, payer, merchant, service, clock
):
    price(town, merchant, reserve_bps=1_000, reserve_days=7)
    town.pay(payer, merchant, 100_00)
    clock.advance(DAY_S)
    town.pay(payer, merchant, 200_00)
    clock.advance(6 * DAY_S - 1)
    assert freed(service) == 0
    clock.advance(1)
    assert (freed(service), freed(service)) == (1, 0)
    assert settled(town, merchant) == (280_00, 20_00)
    clock.advance(DAY_S)
    assert freed(service) == 1
    assert settled(town, merchant) == (300_00, 0)


@pytest.mark.rule(
    "A share of what is left after commission is kept back for its days and then freed, once."
)
def test_two_workers_at_once_free_each_reserve_once(
    town, payer, merchant, service, clock, database_url, redis_url
):
    price(town, merchant, reserve_bps=10_000, reserve_days=1)
    for _ in range(30):
        town.pay(payer, merchant, 10_00)
    clock.advance(DAY_S)

    def work(one):
        reserves = TimerLoop(one.engine, one.poster, RESERVES)
        while town.balance(merchant, "reserve"):
            reserves.step(clock.now(), limit=7)

    with started(database_url, redis_url, clock) as other, ThreadPoolExecutor() as pool:
        list(pool.map(work, (service, other)))
    assert settled(town, merchant) == (300_00, 0)
    ((times,),) = town.sql("SELECT count(*) FROM postings WHERE kind = 'free_reserve'")
    assert times == 30


def test_a_worker_killed_after_the_commit_does_not_free_again(
    town, payer, merchant, service, clock
):
    price(town, merchant, reserve_bps=1_000, reserve_days=1)
    town.pay(payer, merchant, 100_00)
    clock.advance(DAY_S)
    ((reserve,),) = town.sql("SELECT id FROM reserves")
    command = free_reserve.Command(reserve)
    service.poster.post(free_reserve.decide, command)  # and it died before it heard
    assert service.poster.post(free_reserve.decide, command).replayed
    assert freed(service) == 0


class Failing(Poster):
    """A poster that fails for one reserve, as a defect of ours would make it."""

    def __init__(self, poster, broken):
        self.poster, self.broken = poster, broken

    def submit_all(self, commands):
        return self.poster.submit_all(
            ((lambda *_: 1 // 0) if command.reserve_id == self.broken else decide, command)
            for decide, command in commands
        )


def test_a_reserve_that_cannot_be_freed_does_not_stop_the_others(
    town, payer, merchant, service, clock, caplog
):
    price(town, merchant, reserve_bps=1_000, reserve_days=1)
    for amount in (100_00, 200_00):
        town.pay(payer, merchant, amount)
    clock.advance(DAY_S)
    ((broken,),) = town.sql("SELECT min(id) FROM reserves")
    reserves = TimerLoop(service.engine, Failing(service.poster, broken), RESERVES)
    assert reserves.step(clock.now()) == 2
    assert "is due but not done: ZeroDivisionError" in caplog.text
    assert settled(town, merchant) == (290_00, 10_00)
    assert reserves.step(clock.now()) == 0  # it rests


@pytest.mark.rule("A monthly fee is charged once a month and lowers the rate while it is paid.")
def test_the_monthly_fee_is_charged_once_a_month_and_lowers_the_commission(
    town, payer, merchant, service, clock
):
    price(town, merchant, commission_bps=1_000, commission_bps_paid=100, monthly_fee_minor=50_00)
    town.pay(payer, merchant, 1_000_00)
    assert (charged(service), settled(town, merchant)) == (0, (900_00, 0))
    clock.set(FEBRUARY)
    assert (charged(service), charged(service)) == (1, 0)
    assert settled(town, merchant) == (850_00, 0)
    town.pay(payer, merchant, 100_00)
    assert settled(town, merchant) == (949_00, 0)
    clock.set(MARCH)
    town.pay(payer, merchant, 100_00)  # before the worker came by: the month is not paid yet
    assert settled(town, merchant) == (1_039_00, 0)
    assert (charged(service), charged(service)) == (1, 0)
    assert settled(town, merchant) == (989_00, 0)


def test_a_fee_the_balance_does_not_cover_is_tried_again_the_next_day(
    town, payer, merchant, service, clock
):
    price(town, merchant, commission_bps=1_000, commission_bps_paid=100, monthly_fee_minor=50_00)
    clock.set(FEBRUARY)
    assert (charged(service), charged(service)) == (1, 0)
    town.pay(payer, merchant, 100_00)
    assert settled(town, merchant) == (90_00, 0)  # at the standard rate
    clock.set(FEBRUARY + timedelta(days=1))
    assert charged(service) == 1
    assert settled(town, merchant) == (40_00, 0)
    ((until,),) = town.sql("SELECT monthly_paid_until FROM merchants")
    assert until == MARCH


def test_a_held_payment_released_in_a_paid_month_has_the_lower_rate(
    town, payer, merchant, service, clock
):
    shop = town.merchant(period_s=60 * DAY_S)
    price(town, shop, commission_bps=1_000, commission_bps_paid=100, monthly_fee_minor=10_00)
    contract = town.hold(payer, shop, 1_000_00)
    town.release(payer, contract, 500_00)
    assert settled(town, shop) == (450_00, 0)
    clock.set(FEBRUARY)
    charged(service)
    town.release(payer, contract)
    assert settled(town, shop) == (935_00, 0)


def test_the_monthly_fee_is_charged_once_by_two_workers(
    town, payer, merchant, service, clock, database_url, redis_url
):
    town.pay(payer, merchant, 1_000_00)
    price(town, merchant, commission_bps_paid=0, monthly_fee_minor=50_00)
    clock.set(FEBRUARY)
    with started(database_url, redis_url, clock) as other, ThreadPoolExecutor() as pool:
        list(pool.map(charged, (service, other)))
    assert settled(town, merchant) == (950_00, 0)


def test_finding_what_is_due_reads_its_index_only(engine, clock):
    asked = {"now": clock.now(), "limit": 10, "resting": [1, 2]}
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plans = [
            "\n".join(connection.execute(text(f"EXPLAIN {query.text}"), asked).scalars())
            for query in (DUE_RESERVES, DUE_MONTHS)
        ]
    assert "reserves_due" in plans[0]
    assert "merchants_monthly_due" in plans[1]


def test_terms_for_one_who_is_no_merchant_are_refused(town, payer):
    with pytest.raises(Refused) as caught:
        price(town, payer)
    assert caught.value.code is Code.NOT_FOUND
