"""Contracts at their deadline, on a clock that the tests move."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.town import started
from wallet.errors import Unavailable
from wallet.escrow.jobs import CONTRACTS, DUE
from wallet.ledger.due import LONGEST_REST, TimerLoop
from wallet.ledger.poster import Poster

PERIOD_S = 60


@pytest.fixture
def payer(town):
    return town.person(balance=500_000)


@pytest.fixture
def merchant(town):
    return town.merchant(period_s=PERIOD_S)


@pytest.fixture
def due(service):
    return TimerLoop(service.engine, service.poster, CONTRACTS)


def one(engine, query, **values):
    with engine.connect() as connection:
        return connection.execute(text(query), values).scalar_one()


def settled(engine, merchant):
    query = "SELECT balance_minor FROM accounts WHERE holder_id = :id AND kind = 'settlement'"
    return one(engine, query, id=merchant.id)


def still_open(engine):
    return one(engine, "SELECT count(*) FROM contracts WHERE closed_at IS NULL")


def test_a_contract_is_released_at_its_deadline_and_not_before(
    town, payer, merchant, due, clock, engine
):
    town.hold(payer, merchant, 25_000)
    clock.advance(PERIOD_S - 1)
    assert due.step(clock.now()) == 0
    assert settled(engine, merchant) == 0

    clock.advance(1)
    assert due.step(clock.now()) == 1
    assert settled(engine, merchant) == 25_000
    assert due.step(clock.now()) == 0


def test_only_what_is_still_held_is_released_at_the_deadline(
    town, payer, merchant, due, clock, engine
):
    contract = town.hold(payer, merchant, 25_000)
    town.release(payer, contract, 10_000)
    town.give_back(merchant, contract, 5_000)
    clock.advance(PERIOD_S)
    due.step(clock.now())
    assert settled(engine, merchant) == 20_000
    assert still_open(engine) == 0


def test_both_sides_are_told_of_a_release_at_the_deadline(
    town, payer, merchant, due, clock, engine
):
    town.hold(payer, merchant, 25_000)
    clock.advance(PERIOD_S)
    due.step(clock.now())
    told = "SELECT count(*) FROM texts WHERE body LIKE '%deadline has come%' AND msisdn = :msisdn"
    assert [one(engine, told, msisdn=who.msisdn) for who in (payer, merchant)] == [1, 1]


def test_many_contracts_are_released_a_batch_at_a_time(town, payer, merchant, due, clock, engine):
    for _ in range(5):
        town.hold(payer, merchant, 1_000)
    clock.advance(PERIOD_S)
    assert [due.step(clock.now(), limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert settled(engine, merchant) == 5_000


@pytest.mark.rule("The deadline releases each contract exactly once, with any number of workers.")
def test_two_workers_at_once_release_each_contract_once(
    town, payer, merchant, service, clock, engine, database_url, redis_url
):
    for _ in range(60):
        town.hold(payer, merchant, 1_000)
    clock.advance(PERIOD_S)

    def work(one_service):
        due = TimerLoop(one_service.engine, one_service.poster, CONTRACTS)
        while still_open(engine):
            due.step(clock.now(), limit=10)

    with started(database_url, redis_url, clock) as other, ThreadPoolExecutor() as pool:
        list(pool.map(work, (service, other)))
    assert settled(engine, merchant) == 60_000
    assert one(engine, "SELECT count(*) FROM postings WHERE kind = 'release_due'") == 60


@pytest.mark.rule("A worker that was killed after the commit does not release again.")
def test_a_worker_killed_after_the_commit_does_not_release_again(
    town, payer, merchant, due, clock, engine
):
    contract = town.hold(payer, merchant, 1_000)
    clock.advance(PERIOD_S)
    town.release_due(contract)  # and it died before it heard
    assert town.release_due(contract).replayed
    assert due.step(clock.now()) == 0
    assert settled(engine, merchant) == 1_000


class Refusing(Poster):
    """A poster that fails for one contract, as a defect of ours would make it."""

    def __init__(self, poster, broken):
        self.poster, self.broken = poster, broken

    def submit(self, decide, command):
        if command.contract_id == self.broken:
            return self.poster.submit(lambda *_: 1 // 0, command)
        return self.poster.submit(decide, command)


def test_one_that_cannot_be_released_neither_stops_the_others_nor_spins(
    town, payer, merchant, service, clock, engine
):
    broken = town.hold(payer, merchant, 1_000)
    town.hold(payer, merchant, 2_000)
    clock.advance(PERIOD_S)
    due = TimerLoop(engine, Refusing(service.poster, broken), CONTRACTS)

    assert due.step(clock.now()) == 2
    assert settled(engine, merchant) == 2_000
    assert due.step(clock.now()) == 0  # it rests
    tries = sum(due.step(clock.advance(1)) for _ in range(60))
    assert 1 < tries < 10
    assert due.step(clock.now() + LONGEST_REST) == 1


class Late(Poster):
    """A poster before which somebody else releases everything."""

    def __init__(self, poster, release):
        self.poster, self.release = poster, release

    def submit(self, decide, command):
        self.release(command.contract_id)
        return self.poster.submit(decide, command)


def test_one_that_the_payer_was_quicker_to_release_is_no_trouble(
    town, payer, merchant, service, clock, engine, caplog
):
    town.hold(payer, merchant, 1_000)
    clock.advance(PERIOD_S)
    due = TimerLoop(engine, Late(service.poster, lambda id_: town.release(payer, id_)), CONTRACTS)
    assert due.step(clock.now()) == 1
    assert settled(engine, merchant) == 1_000
    assert caplog.text == ""
    assert due.step(clock.now()) == 0


def test_a_broken_one_does_not_clog_the_head_of_the_line(
    town, payer, merchant, service, clock, engine
):
    broken = town.hold(payer, merchant, 1_000)
    clock.advance(1)
    town.hold(payer, merchant, 2_000)
    clock.advance(PERIOD_S)
    due = TimerLoop(engine, Refusing(service.poster, broken), CONTRACTS)
    for _ in range(2):
        due.step(clock.now(), limit=1)
    assert settled(engine, merchant) == 2_000


def test_what_a_party_is_moving_just_now_is_passed_over(town, payer, merchant, due, clock, engine):
    contract = town.hold(payer, merchant, 1_000)
    clock.advance(PERIOD_S)
    with engine.begin() as connection:
        query = text("SELECT FROM contracts WHERE id = :id FOR UPDATE")
        connection.execute(query, {"id": contract})
        assert due.step(clock.now()) == 0
    assert due.step(clock.now()) == 1


class Away(Poster):
    """A poster whose database does not answer."""

    def __init__(self):
        pass

    def submit(self, decide, command):
        return self

    def wait(self):
        raise Unavailable("the database is not reachable")


def test_a_database_that_cannot_answer_ends_the_step_and_blames_no_contract(
    town, payer, merchant, service, clock, engine
):
    town.hold(payer, merchant, 1_000)
    clock.advance(PERIOD_S)
    due = TimerLoop(engine, Away(), CONTRACTS)
    with pytest.raises(Unavailable):
        due.step(clock.now())
    due._poster = service.poster
    assert due.step(clock.now()) == 1


def test_finding_what_is_due_reads_its_index_only(engine, clock):
    asked = {"now": clock.now() + timedelta(days=1), "limit": 10, "resting": [1, 2]}
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = connection.execute(text(f"EXPLAIN {DUE.text}"), asked).scalars()
        assert "contracts_due" in "\n".join(plan)
