"""Who looks at a contract after its deadline sees what time alone should have done, done."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from tests.town import PIN
from tests.wallet.escrow.agreements import offered
from wallet.disputes import dispute
from wallet.escrow.reading import see_contract, see_contracts
from wallet.people.pin import Pin

WEEK = timedelta(days=7)
ONE = timedelta(microseconds=1)


def seen(service, someone, contract_id):
    now = service.clock.now()
    view = see_contract(service.engine, service.poster, now, someone.id, contract_id)
    assert view is not None
    return view.contract


def listed(service, someone, **asked):
    now = service.clock.now()
    page = see_contracts(service.engine, service.poster, now, someone.id, **asked)
    return [view.contract for view in page.items]


def releases(town):
    return town.sql("SELECT count(*) FROM postings WHERE kind = 'release_due'")[0][0]


@pytest.mark.rule("Where no worker ran, whoever looks after the deadline finds it released.")
def test_who_looks_after_the_deadline_sees_it_released_though_no_worker_ran(
    town, anna, juma, service, clock
):
    contract = offered(town, anna, juma, 25_000)
    clock.set(town.now + WEEK - ONE)
    assert seen(service, anna, contract).closed_at is None
    clock.advance(microseconds=1)
    assert seen(service, anna, contract).released_minor == 25_000
    assert town.balance(juma) == 25_000


@pytest.mark.rule(
    "Looking again after the deadline, or a worker that comes later, releases no more."
)
def test_looking_again_or_working_later_releases_no_more(town, anna, juma, service, due, clock):
    contract = offered(town, anna, juma, 25_000)
    clock.advance(days=7)
    for someone in (juma, anna):
        seen(service, someone, contract)
    assert (due.step(clock.now()), releases(town)) == (0, 1)
    assert town.balance(juma) == 25_000


def test_many_may_look_while_a_worker_releases(town, anna, juma, service, due, clock):
    contracts = [offered(town, anna, juma, 1_000) for _ in range(5)]
    clock.advance(days=7)
    with ThreadPoolExecutor() as pool:
        looks = [pool.submit(seen, service, anna, each) for each in contracts * 2]
        pool.submit(due.step, clock.now()).result()
        assert all(look.result().closed_at is not None for look in looks)
    assert (town.balance(juma), releases(town)) == (5_000, 5)


def test_a_list_shows_nothing_open_past_its_deadline(town, anna, juma, service, clock):
    early = [offered(town, anna, juma, 1_000, days=1) for _ in range(2)]
    late = offered(town, anna, juma, 1_000, days=3)
    clock.advance(days=1)
    assert [each.id for each in listed(service, juma, only_open=True)] == [late]
    assert {each.id for each in listed(service, juma) if each.closed_at} == set(early)


def test_a_stranger_who_looks_sees_and_causes_nothing(town, anna, juma, service, clock):
    contract = offered(town, anna, juma, 25_000)
    clock.advance(days=7)
    eve = town.person("Eve")
    assert see_contract(service.engine, service.poster, clock.now(), eve.id, contract) is None
    assert town.held(contract) == 25_000


def test_what_is_disputed_is_not_released_by_looking(town, anna, juma, service, clock):
    contract = offered(town, anna, juma, 25_000, days=1)
    command = dispute.Command(anna.id, uuid4(), Pin(PIN), contract, "not_received")
    town.service.poster.post(dispute.decide, command)
    clock.advance(days=1)
    assert seen(service, anna, contract).closed_at is None
    assert (town.held(contract), releases(town)) == (25_000, 0)


def test_who_looks_at_a_contract_sees_its_dispute_as_silence_decided_it(
    town, anna, juma, service, clock
):
    contract = offered(town, anna, juma, 25_000)
    command = dispute.Command(anna.id, uuid4(), Pin(PIN), contract, "not_received")
    answer = town.service.poster.post(dispute.decide, command).answer
    clock.set(datetime.fromisoformat(answer["due_at"]) - ONE)
    assert seen(service, juma, contract).disputed_minor == 25_000
    clock.advance(microseconds=1)
    (after,) = listed(service, juma)
    assert (after.returned_minor, after.disputed_minor) == (25_000, 0)
