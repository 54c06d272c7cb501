"""What one process has locked another waits for, so that it decides by what the first has left."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from time import sleep

import pytest
from sqlalchemy import text

from tests.wallet.ledger.batches import Anything, nothing
from wallet.contracts.records import Contract
from wallet.ledger.facts import Needs
from wallet.ledger.poster import Poster
from wallet.merchants.records import Till
from wallet.people.pin import PinState


@pytest.fixture
def merchant(town):
    return town.merchant()


@contextmanager
def holding(poster: Poster, wants: Needs) -> Iterator[None]:
    """Keep a batch that needs `wants` between its locks and its commit."""
    is_locked, may_commit = Event(), Event()

    def decide(command, facts):
        is_locked.set()
        may_commit.wait()
        return nothing(command, facts)

    pending = poster.submit(decide, Anything(wants=wants))
    is_locked.wait()
    try:
        yield
    finally:
        may_commit.set()
        pending.wait()


def waits(town, poster: Poster, wants: Needs) -> bool:
    """Whether another command that needs `wants` comes to wait for a lock, or is done at once."""
    is_decided = Event()

    def decide(command, facts):
        is_decided.set()
        return nothing(command, facts)

    poster.submit(decide, Anything(wants=wants))
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    while not is_decided.is_set():
        if town.sql(query) != [(0,)]:
            return True
        sleep(0.01)
    return False


def needs_of(town, what, amina, juma, merchant):
    match what:
        case "the one whose PIN is checked":
            return Needs(records=((PinState, town.business().id),))
        case "somebody's accounts":
            return Needs(holders=(amina.id,))
        case "the accounts of a number":
            return Needs(msisdns=(amina.msisdn,))
        case "the accounts of a till":
            return Needs(records=((Till, merchant.till),))
        case "a contract":
            return Needs(records=((Contract, town.hold(amina, merchant, 1_000)),))
    contract_id = town.hold(amina, merchant, 1_000)
    return Needs(accounts=(contract_id,))


@pytest.mark.parametrize(
    "what",
    [
        "the one whose PIN is checked", "somebody's accounts", "the accounts of a number",
        "the accounts of a till", "a contract", "a contract's account",
    ],
)  # fmt: skip
def test_a_process_waits_for_what_another_has_locked(
    service, town, other_town, amina, juma, merchant, what
):
    wants = needs_of(town, what, amina, juma, merchant)
    with holding(service.poster, wants):
        assert waits(town, other_town.service.poster, wants)


def first_of(town, table):
    """Eight rows' ids, rising."""
    if table == "contracts":
        payer, merchant = town.person(balance=10_000), town.merchant()
        return sorted(town.hold(payer, merchant, 100) for _ in range(8))
    people = sorted(town.person().id for _ in range(8))
    if table == "holders":
        return people
    rows = town.sql("SELECT id FROM accounts WHERE holder_id = ANY(:ids) ORDER BY id", ids=people)
    return [id_ for (id_,) in rows]


@pytest.mark.parametrize("table", ["holders", "accounts", "contracts"])
def test_rows_are_locked_in_the_order_of_their_ids_so_nobody_waits_in_a_circle(
    service, town, table
):
    """Waiting for the lowest, a batch holds none of the others yet."""
    ids = first_of(town, table)
    given = tuple(reversed(ids))
    wants = {
        "holders": Needs(records=tuple((PinState, id_) for id_ in given)),
        "accounts": Needs(accounts=given),
        "contracts": Needs(records=tuple((Contract, id_) for id_ in given)),
    }[table]
    lock = text(f"SELECT id FROM {table} WHERE id = ANY(:ids) FOR UPDATE NOWAIT")
    with service.engine.connect() as lowest, service.engine.connect() as others:
        lowest.execute(lock, {"ids": ids[:1]})
        assert waits(town, service.poster, wants)
        assert len(others.execute(lock, {"ids": ids[1:]}).all()) == 7
        others.rollback()
        lowest.rollback()


def test_a_process_does_not_wait_for_what_nobody_else_needs(service, town, other_town, amina, juma):
    with holding(service.poster, Needs(records=((PinState, amina.id),))):
        assert not waits(town, other_town.service.poster, Needs(records=((PinState, juma.id),)))


def test_reading_somebodys_contract_locks_both_parties(
    service, town, other_town, amina, juma, merchant
):
    contract = Needs(records=((Contract, town.hold(amina, merchant, 1_000)),))
    with holding(service.poster, contract):
        assert waits(town, other_town.service.poster, Needs(holders=(merchant.id,)))
