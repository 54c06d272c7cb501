"""Contracts at their deadline, on a clock that the tests move."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.town import started
from wallet.errors import Unavailable
from wallet.escrow.jobs import CONTRACTS, DUE, SHARES
from wallet.ledger.due import IN_ORDER, LONGEST_REST, TimerLoop
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
    merchants = [merchant, *(town.merchant(period_s=PERIOD_S) for _ in range(3))]
    for each in merchants * 15:
        town.hold(payer, each, 1_000)
    clock.advance(PERIOD_S)

    def work(one_service):
        due = TimerLoop(one_service.engine, one_service.own_poster(), CONTRACTS)
        while still_open(engine):
            due.step(clock.now(), limit=10)

    with started(database_url, redis_url, clock) as other, ThreadPoolExecutor() as pool:
        list(pool.map(work, (service, service, other)))
    assert [settled(engine, each) for each in merchants] == [15_000] * 4
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

    def submit_all(self, commands):
        return self.poster.submit_all(
            ((lambda *_: 1 // 0) if command.contract_id == self.broken else decide, command)
            for decide, command in commands
        )


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

    def submit_all(self, commands):
        for _, command in commands:
            self.release(command.contract_id)
        return self.poster.submit_all(commands)


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


def share_of(merchant):
    return merchant.id % 16


def other_share(town, merchant):
    """A merchant whose contracts are in another share."""
    while share_of(found := town.merchant(period_s=PERIOD_S)) == share_of(merchant):
        pass
    return found


def test_what_a_party_is_moving_stops_no_other_share(town, payer, merchant, due, clock, engine):
    contract = town.hold(payer, merchant, 1_000)
    clock.advance(1)
    other = other_share(town, merchant)
    town.hold(payer, other, 2_000)
    clock.advance(PERIOD_S)
    with engine.begin() as connection:
        query = text("SELECT FROM contracts WHERE id = :id FOR UPDATE")
        connection.execute(query, {"id": contract})
        assert due.step(clock.now()) == 1
    assert (settled(engine, merchant), settled(engine, other)) == (0, 2_000)


def test_a_share_that_another_worker_has_is_its_own_until_it_is_done(
    town, payer, merchant, service, clock, engine
):
    town.hold(payer, merchant, 1_000)
    other = other_share(town, merchant)
    town.hold(payer, other, 2_000)
    clock.advance(PERIOD_S)
    first, second = (TimerLoop(engine, service.poster, CONTRACTS) for _ in range(2))
    with first._share(SHARES, clock.now(), []) as its:
        assert its in {share_of(merchant), share_of(other)}
        assert [second.step(clock.now()) for _ in range(2)] == [1, 0]
    assert [second.step(clock.now()) for _ in range(2)] == [1, 0]


def test_a_worker_that_is_killed_leaves_its_share_to_the_others(
    town, payer, merchant, due, clock, engine
):
    town.hold(payer, merchant, 1_000)
    clock.advance(PERIOD_S)
    connection = engine.connect()
    named = {"number": SHARES.number, "now": clock.now(), "passed": [], "resting": []}
    assert connection.execute(SHARES.query, named).scalar() == share_of(merchant)
    assert due.step(clock.now()) == 0
    connection.invalidate()  # as its end would
    connection.close()
    assert any(due.step(clock.now()) for _ in range(1_000))  # once the server has noticed


class Away(Poster):
    """A poster whose database does not answer."""

    def __init__(self):
        pass

    def submit_all(self, commands):
        return [self for _ in commands]

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
    asked = {"now": clock.now() + timedelta(days=1), "resting": [1, 2]}
    for query, more in (
        (DUE, {"share": 3, "limit": 10}),
        (SHARES.query, {"number": SHARES.number, "passed": [4]}),
    ):
        with engine.begin() as connection:
            connection.execute(IN_ORDER)
            plan = connection.execute(text(f"EXPLAIN {query.text}"), asked | more).scalars()
            assert "Index Scan using contracts_due" in "\n".join(plan)


def test_a_release_in_part_writes_no_index(town, payer, merchant, engine):
    contract = town.hold(payer, merchant, 25_000)
    released = "UPDATE contracts SET released_minor = 1, commission_minor = 1 WHERE id = :id"
    counted = "SELECT n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'contracts'"
    with engine.connect() as connection:  # and nothing of it stays
        connection.execute(text(released), {"id": contract})
        assert connection.execute(text(counted)).scalar() == 1
