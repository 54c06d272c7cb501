"""One key moves money once: replay in batches, across processes, and after failures."""

from concurrent.futures import ThreadPoolExecutor
from secrets import SystemRandom
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.town import WRONG_PIN
from tests.wallet.ledger.batches import a_send, codes, outcome, together
from wallet.clock import Ids
from wallet.errors import Refused, Unavailable
from wallet.escrow import release
from wallet.ledger import poster
from wallet.ledger.poster import Receipt
from wallet.ledger.writing import write

# Replay ------------------------------------------------------------------------------------------


def test_one_key_moves_money_once_and_replays_its_answer(town, amina, juma):
    key = uuid4()
    first, again = (town.send(amina, juma, 100, key=key) for _ in range(2))
    assert (first.replayed, again.replayed) == (False, True)
    assert again.answer == first.answer
    assert (town.balance(juma), len(town.texts(juma))) == (100, 2)


def test_two_of_one_key_in_a_batch_move_money_once(service, town, amina, juma, caplog):
    key = uuid4()
    outcomes = together(service.poster, [a_send(amina, juma, key=key) for _ in range(3)])
    assert codes(outcomes) == ["done", "replayed", "replayed"]
    assert caplog.text == ""  # the database did not have to refuse the second
    assert len({str(each.answer) for each in outcomes if isinstance(each, Receipt)}) == 1
    assert town.balance(juma) == 100


def test_another_process_replays_the_same_answer(town, other_town, amina, juma):
    key = uuid4()
    first = town.send(amina, juma, 100, key=key)
    again = other_town.send(amina, juma, 100, key=key)
    assert (again.answer, again.replayed) == (first.answer, True)
    assert town.balance(juma) == 100


def test_one_key_at_two_processes_at_once_moves_money_once(town, other_town, amina, juma):
    with ThreadPoolExecutor(2) as pool:
        for _ in range(20):
            key = uuid4()
            pair = [
                pool.submit(each.send, amina, juma, 100, key=key) for each in (town, other_town)
            ]
            assert sorted(codes(each.result() for each in pair)) == ["done", "replayed"]
    assert town.balance(juma) == 2_000


@pytest.mark.parametrize("where", ["in one batch", "afterwards", "in another process"])
def test_a_key_with_other_contents_is_refused(service, town, other_town, amina, juma, where):
    key = uuid4()
    pair = [a_send(amina, juma, 100, key), a_send(amina, juma, 101, key)]
    if where == "in one batch":
        outcomes = together(service.poster, pair)
    else:
        second = other_town.service if where == "in another process" else service
        outcomes = [
            outcome(each.poster.post, *command)
            for each, command in zip((service, second), pair, strict=True)
        ]
    assert codes(outcomes) == ["done", "key_reused"]
    assert town.balance(juma) == 100


def test_a_key_of_one_flow_is_refused_in_another(town, amina, juma):
    key, merchant = uuid4(), town.merchant(period_s=0)
    town.send(amina, juma, 100, key=key)
    assert codes([outcome(town.pay, amina, merchant, 100, key=key)]) == ["key_reused"]


def test_the_same_key_of_somebody_else_is_another_command(town, amina, juma):
    key = uuid4()
    town.send(amina, juma, 1_000, key=key)
    assert not town.send(juma, amina, 500, key=key).replayed


def test_a_refused_command_may_be_tried_again_with_its_key(town, amina, juma):
    key = uuid4()
    assert codes([outcome(town.send, amina, juma, 10_001, key=key)]) == ["insufficient_funds"]
    town.pay_in(amina, 10_000)
    assert not town.send(amina, juma, 10_001, key=key).replayed
    assert town.send(amina, juma, 10_001, key=key).replayed


def test_a_wrong_pin_does_not_use_up_the_key(town, amina, juma):
    key = uuid4()
    assert codes([outcome(town.send, amina, juma, 100, pin=WRONG_PIN, key=key)]) == ["pin_wrong"]
    assert not town.send(amina, juma, 100, key=key).replayed


def test_replay_precedes_every_rule(town, amina, juma):
    key = uuid4()
    first = town.send(amina, juma, 10_000, key=key)
    town.set_status(amina, "closed")
    town.set_status(juma, "frozen")
    again = town.send(amina, juma, 10_000, key=key, pin=WRONG_PIN)
    assert (again.answer, again.replayed) == (first.answer, True)


def test_every_flows_answer_is_replayed_as_it_was_given(town, amina, juma):
    key, merchant = uuid4(), town.merchant()
    agent = town.agent(float_minor=10_000)
    contract_id = town.hold(amina, merchant, 4_000)
    for act in (
        lambda: town.cash_in(agent, juma, 100, key=key),
        lambda: town.pay(amina, merchant, 100, key=key),
        lambda: town.release(amina, contract_id, 1_000, key=UUID(int=1)),
        lambda: town.give_back(merchant, contract_id, 1_000, key=UUID(int=2)),
    ):
        first, again = act(), act()
        assert (again.answer, again.replayed) == (first.answer, True)


# Failures of the database ------------------------------------------------------------------------


def test_a_commit_whose_answer_was_lost_is_found_again(service, town, amina, juma, monkeypatch):
    losses = [1]

    def write_then_lose_the_connection(connection, writes, render):
        write(connection, writes, render)
        if writes.postings and losses:
            losses.pop()
            connection.close()
            raise psycopg.OperationalError("the connection is gone")

    monkeypatch.setattr(poster, "write", write_then_lose_the_connection)
    outcomes = together(service.poster, [a_send(amina, juma) for _ in range(3)])
    assert codes(outcomes) == ["replayed"] * 3
    assert town.balance(juma) == 300


def test_a_batch_lost_before_its_commit_is_posted_after_all(
    service, town, amina, juma, monkeypatch
):
    losses = [1]

    def lose_the_connection(connection, writes, render):
        if writes.postings and losses:
            losses.pop()
            connection.close()
        write(connection, writes, render)

    monkeypatch.setattr(poster, "write", lose_the_connection)
    outcomes = together(service.poster, [a_send(amina, juma) for _ in range(3)])
    assert codes(outcomes) == ["done"] * 3
    assert town.balance(juma) == 300


def test_a_connection_that_the_server_ended_is_replaced(town, amina, juma):
    town.send(amina, juma, 100)
    town.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
             " WHERE datname = current_database() AND usename = current_user"
             " AND pid <> pg_backend_pid()")  # fmt: skip
    assert not town.send(amina, juma, 100).replayed


def test_a_database_that_is_away_for_a_moment_is_waited_for(
    service, town, amina, juma, monkeypatch
):
    failures = [1, 2, 3]
    connect = service.poster._connect

    def connect_at_last():
        if failures:
            failures.pop()
            raise psycopg.OperationalError("connection refused")
        return connect()

    monkeypatch.setattr(poster, "PAUSE_S", 0)
    monkeypatch.setattr(service.poster, "_connect", connect_at_last)
    service.poster._connection = None
    assert not town.send(amina, juma, 100).replayed


class NoChance(SystemRandom):
    """Chance that always falls the same way: two processes then make the same ids."""

    def getrandbits(self, k: int) -> int:
        return 7


def test_two_processes_that_make_the_same_ids_lose_nothing(town, other_town, amina, juma):
    for each in (town, other_town):
        each.service.poster._ids = Ids(NoChance())
    outcomes = [each.send(amina, juma, 100) for each in (town, other_town, town, other_town)]
    assert codes(outcomes) == ["done"] * 4
    assert len({each.answer["reference"] for each in outcomes}) == 4
    assert town.balance(juma) == 400


def test_one_number_registering_at_two_processes_at_once_becomes_one_holder(town, other_town):
    with ThreadPoolExecutor(2) as pool:
        for place in range(10):
            number = f"+25471177{place:04d}"
            pair = [pool.submit(outcome, each.person, msisdn=number) for each in (town, other_town)]
            words = [each.result() for each in pair]
            assert sorted(isinstance(each, Refused) for each in words) == [False, True]


def test_an_unreachable_database_is_unavailable_and_the_key_can_be_tried_again(
    service, town, amina, juma, monkeypatch
):
    monkeypatch.setattr(poster, "PAUSE_S", 0)
    key = uuid4()

    def unreachable():
        raise psycopg.OperationalError("connection refused")

    with monkeypatch.context() as down:
        down.setattr(service.poster, "_connect", unreachable)
        service.poster._connection = None
        assert isinstance(outcome(town.send, amina, juma, 100, key=key), Unavailable)
    assert not town.send(amina, juma, 100, key=key).replayed


def test_a_due_release_noticed_by_two_processes_happens_once(town, other_town, clock, amina):
    merchant = town.merchant(period_s=60)
    contract_id = town.hold(amina, merchant, 4_000)
    clock.advance(60)
    due = release.Due(contract_id)
    with ThreadPoolExecutor(2) as pool:
        pair = [
            pool.submit(outcome, each.service.poster.post, release.decide_due, due)
            for each in (town, other_town)
        ]
    assert sorted(codes(each.result() for each in pair)) == ["done", "replayed"]
    assert town.balance(merchant, "settlement") == 4_000
