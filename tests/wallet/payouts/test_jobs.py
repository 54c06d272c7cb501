"""Payouts whose time has come, on a clock that the tests move: each once, and none locked."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest

from tests.town import PIN, started
from wallet.approvals.approve import Ask
from wallet.approvals.records import approvals
from wallet.clock import reference
from wallet.errors import Code, Refused
from wallet.money import Money
from wallet.payouts import collect, payout, release_batch, schedule
from wallet.payouts.batch_records import batch_of
from wallet.payouts.batching import make_batches
from wallet.payouts.collection_codes import payout_of_code
from wallet.payouts.handover import hand_over_next
from wallet.payouts.jobs import DuePayouts
from wallet.payouts.rails.rail import Failed, Pending, Rail
from wallet.payouts.schedule_records import schedules_of
from wallet.people.one_time import OneTimeCode
from wallet.people.pin import Pin

FEE = 5_000
LIMIT = 100_000_000  # a batch of more in Kenya takes two


class Bank(Rail):
    """Takes everything and pays nothing, unless it is told what to say."""

    says = Pending()

    def submit(self, order):
        return self.says

    def status(self, order):
        return self.says


@pytest.fixture
def merchant(town):
    return town.merchant(period_s=0)


@pytest.fixture
def step(service, clock):
    """Work as the worker does until nothing is due, with a bank that says `says`."""
    due, rails = DuePayouts(service.engine, service.poster), {"bank": Bank()}

    def step(says=None):
        rails["bank"].says = says or Pending()
        while (
            due.step(clock.now())
            + make_batches(service.engine, service.ids, service.markets, rails, clock.now())
            + hand_over_next(service.engine, service.poster, rails, clock.now())
        ):
            pass

    return step


def sell(town, merchant, minor):
    """Let somebody, or several where one may not have so much, pay the merchant."""
    while minor:
        part = min(minor, 25_000_000)
        town.pay(town.person(balance=part), merchant, part)
        minor -= part


def set_schedule(town, merchant, every, hour=None, weekday=None, minimum=1_000):
    command = schedule.SetSchedule(
        merchant.id, uuid4(), Pin(PIN), every, Money("KES", minimum), weekday, hour
    )
    return town.service.poster.post(schedule.decide_set, command)


def payouts(town, columns="amount_minor, state"):
    return [tuple(row) for row in town.sql(f"SELECT {columns} FROM payouts ORDER BY id")]


# Schedules -----------------------------------------------------------------------------------


def test_at_once_pays_out_after_each_settlement_and_nothing_in_between(town, merchant, step):
    set_schedule(town, merchant, "at_once", minimum=20_000)
    sell(town, merchant, 19_900)
    step()
    assert payouts(town) == []
    sell(town, merchant, 100)
    step()
    step()
    sell(town, merchant, 30_000)
    step()
    assert payouts(town) == [(15_000, "sent"), (25_000, "sent")]
    assert town.balance(merchant, "settlement") == 0


@pytest.mark.rule("A schedule pays once for each of its periods, however many workers look.")
def test_daily_pays_out_once_a_day_however_many_workers_look(
    town, merchant, service, clock, database_url, redis_url
):
    set_schedule(town, merchant, "daily", hour=13)  # in an hour
    sell(town, merchant, 30_000)
    clock.advance(3599)
    due = DuePayouts(service.engine, service.poster)
    assert due.step(clock.now()) == 0
    clock.advance(1)
    with started(database_url, redis_url, clock) as other, ThreadPoolExecutor() as pool:
        both = (due, DuePayouts(other.engine, other.poster))
        list(pool.map(lambda each: each.step(clock.now()), both))
    assert payouts(town) == [(25_000, "requested")]
    sell(town, merchant, 30_000)
    assert due.step(clock.advance(hours=23)) == 0
    assert due.step(clock.advance(hours=1)) == 1
    assert [amount for amount, _ in payouts(town)] == [25_000, 25_000]


def test_a_worker_that_was_away_for_days_pays_once_when_it_is_back(town, merchant, step, clock):
    set_schedule(town, merchant, "daily", hour=13)
    sell(town, merchant, 30_000)
    clock.advance(days=4)
    step()
    assert payouts(town) == [(25_000, "sent")]
    (schedule,) = schedules_of(town.service.engine, merchant.id)
    assert schedule.next_at == town.now + timedelta(hours=1)


@pytest.mark.rule("Below the minimum a period is skipped and says why.")
def test_below_the_minimum_the_week_is_skipped_and_says_why(town, merchant, step, clock):
    set_schedule(town, merchant, "weekly", hour=13, weekday=1, minimum=50_000)
    sell(town, merchant, 49_999)
    clock.advance(hours=1)
    step()
    (schedule,) = schedules_of(town.service.engine, merchant.id)
    assert payouts(town) == []
    assert schedule.skipped_why == Code.LESS_THAN_TRANSACTION_MIN_VALUE
    assert schedule.next_at == clock.now() + timedelta(days=7)


def test_a_failed_payout_pauses_the_schedule_until_it_is_set_again(town, merchant, step, clock):
    set_schedule(town, merchant, "at_once")
    sell(town, merchant, 30_000)
    step(Failed("no such account"))
    clock.advance(days=1)
    step(Failed("no such account"))
    assert payouts(town) == [(25_000, "failed")]
    assert town.balance(merchant, "settlement") == 30_000
    assert "Automatic payouts wait" in town.texts(merchant)[-1]
    set_schedule(town, merchant, "at_once")
    step()
    assert payouts(town) == [(25_000, "failed"), (25_000, "sent")]


# Cash ----------------------------------------------------------------------------------------


@pytest.fixture
def cash(town, merchant):
    """A payout of 100.00 in cash, and its code."""
    sell(town, merchant, 16_000)
    place = town.destination(merchant, "cash")
    code = OneTimeCode("48291307")
    command = payout.Command(merchant.id, uuid4(), Pin(PIN), Money("KES", 10_000), place, code)
    return town.id_in(town.service.poster.post(payout.decide, command))


def collected(town, agent, merchant, code="48291307", key=None, service=None):
    service = service or town.service
    typed, keys = OneTimeCode(code), {each.kid: each.key for each in service.settings.pin_keys}
    now = service.clock.now()
    found = payout_of_code(service.engine, merchant.msisdn, typed, keys, "KES", now)
    command = collect.Command(
        agent.id, key or uuid4(), Pin(PIN), merchant.msisdn, typed, found.payout_id,
        found.currency,
    )  # fmt: skip
    return service.poster.post(collect.decide, command)


def test_two_agents_at_once_pay_one_code_once(
    town, merchant, cash, service, clock, database_url, redis_url
):
    agents = [town.agent(float_minor=1_000) for _ in range(2)]

    def attempt(pair):
        try:
            return collected(town, pair[0], merchant, service=pair[1]).replayed
        except Refused as refusal:
            return refusal.code

    with started(database_url, redis_url, clock) as other, ThreadPoolExecutor() as pool:
        answers = list(pool.map(attempt, zip(agents, (service, other), strict=True)))
    assert sorted(map(str, answers)) == ["False", "cash_code_wrong"]
    assert sorted(town.balance(agent, "float") for agent in agents) == [1_000, 11_000]
    assert payouts(town) == [(10_000, "paid")]


def test_one_key_collects_once_and_is_told_the_same_again(town, merchant, cash):
    agent, key = town.agent(float_minor=1_000), uuid4()
    first = collected(town, agent, merchant, key=key)
    again = collected(town, agent, merchant, key=key)
    assert (again.answer, again.replayed) == (first.answer, True)
    assert town.balance(agent, "float") == 11_000


@pytest.mark.rule("Cash that nobody collected goes back at its time.")
def test_cash_goes_back_at_its_time(town, merchant, cash, step, clock):
    clock.advance(days=7)
    clock.set(clock.now() - timedelta(seconds=1))
    step()
    assert payouts(town) == [(10_000, "collectible")]
    clock.advance(1)
    step()
    assert payouts(town, "state, failure") == [("failed", "not collected in time")]
    assert town.balance(merchant, "settlement") == 16_000


def test_after_five_wrong_codes_the_cash_goes_back_at_once(town, merchant, cash, step):
    agent = town.agent(float_minor=1_000)
    for _ in range(5):
        with pytest.raises(Refused, match="cash_code_wrong"):
            collected(town, agent, merchant, code="00000000")
    step()
    with pytest.raises(Refused, match="cash_code_wrong"):
        collected(town, agent, merchant)
    assert payouts(town) == [(10_000, "failed")]
    assert town.balance(merchant, "settlement") == 16_000


def test_a_guess_counts_on_cash_that_still_waits(town, merchant, cash):
    """Else who has spent one code's attempts could guess at the others until a worker comes."""
    sell(town, merchant, 16_000)
    place, key, code = town.destination(merchant, "cash"), uuid4(), OneTimeCode("59302418")
    command = payout.Command(merchant.id, key, Pin(PIN), Money("KES", 10_000), place, code)
    town.service.poster.post(payout.decide, command)
    agent = town.agent(float_minor=1_000)
    for _ in range(10):
        with pytest.raises(Refused, match="cash_code_wrong"):
            collected(town, agent, merchant, code="00000000")
    assert town.sql("SELECT code_attempts FROM payouts") == [(5,), (5,)]
    with pytest.raises(Refused, match="cash_code_wrong"):
        collected(town, agent, merchant)


# Large batches -------------------------------------------------------------------------------


@pytest.fixture
def large(town, merchant, step):
    """A payout that needs two operators, in its batch."""
    sell(town, merchant, LIMIT + 1 + FEE)
    town.payout(merchant, LIMIT + 1)
    step()
    ((id_,),) = town.sql("SELECT id FROM payout_batches")
    return id_


def ask(town, operator, batch_id):
    key = uuid4()
    inner = release_batch.Release(operator.id, key, batch_id)
    return town.service.poster.post(
        release_batch.APPROVABLE.decide_ask, Ask(operator.id, key, inner, "it is right")
    )


def test_a_batch_at_the_limit_needs_nobody(town, merchant, step):
    sell(town, merchant, LIMIT + FEE)
    town.payout(merchant, LIMIT)
    step()
    assert payouts(town) == [(LIMIT, "sent")]


@pytest.mark.rule("A batch above the limit waits for a second operator.")
def test_a_batch_above_the_limit_waits_for_two_operators(town, merchant, large, step):
    neema, otieno = town.operator(), town.operator()
    assert payouts(town) == [(LIMIT + 1, "requested")]
    ask(town, neema, large)
    step()
    assert payouts(town) == [(LIMIT + 1, "requested")]
    (waiting,) = approvals(town.service.engine, town.now).items
    assert waiting.approval.arguments == {"batch_id": reference(large)}
    for operator, refused in ((neema, True), (otieno, False)):
        command = release_batch.APPROVABLE.approve(waiting.approval, operator.id, uuid4())
        if refused:
            with pytest.raises(Refused, match="approval_by_asker"):
                town.service.poster.post(release_batch.APPROVABLE.decide_approve, command)
        else:
            town.service.poster.post(release_batch.APPROVABLE.decide_approve, command)
    step()
    assert payouts(town) == [(LIMIT + 1, "sent")]


def test_a_declined_batch_goes_back_to_its_merchants(town, merchant, large, step):
    command = release_batch.Decline(town.operator().id, uuid4(), large, "not ours")
    town.service.poster.post(release_batch.decide_decline, command)
    step()
    assert payouts(town, "state, failure") == [("failed", "declined by the operator")]
    assert town.balance(merchant, "settlement") == LIMIT + 1 + FEE


def test_a_batch_that_nobody_looks_at_goes_back_at_its_time(town, merchant, large, step, clock):
    batch = batch_of(town.service.engine, large)
    assert batch is not None
    lapses_at = batch.lapses_at
    assert lapses_at is not None
    clock.set(lapses_at - timedelta(seconds=1))
    step()
    assert payouts(town) == [(LIMIT + 1, "requested")]
    clock.advance(1)
    with pytest.raises(Refused, match="lapsed"):
        ask(town, town.operator(), large)
    step()
    assert payouts(town) == [(LIMIT + 1, "failed")]
    assert town.balance(merchant, "settlement") == LIMIT + 1 + FEE


# Nowhere to go ------------------------------------------------------------------------------


def test_where_no_rail_goes_the_money_comes_back(town, merchant, step, clock):
    place = town.destination(merchant, "mobile", "", "+254733000010")
    sell(town, merchant, 30_000)
    command = payout.Command(merchant.id, uuid4(), Pin(PIN), Money("KES", 10_000), place)
    town.service.poster.post(payout.decide, command)
    clock.advance(days=3)
    clock.set(clock.now() - timedelta(seconds=1))
    step()
    assert payouts(town) == [(10_000, "requested")]
    clock.advance(1)
    step()
    assert payouts(town) == [(10_000, "failed")]
    assert town.balance(merchant, "settlement") == 30_000


def test_what_no_worker_has_handed_over_for_days_comes_back(town, merchant, service, clock):
    sell(town, merchant, 30_000)
    town.payout(merchant, 10_000)
    make_batches(service.engine, service.ids, service.markets, {"bank": Bank()}, clock.now())
    clock.advance(days=3)
    due = DuePayouts(service.engine, service.poster)
    assert due.step(clock.now()) == 2
    assert hand_over_next(service.engine, service.poster, {"bank": Bank()}, clock.now()) == 0
    assert payouts(town) == [(10_000, "failed")]
