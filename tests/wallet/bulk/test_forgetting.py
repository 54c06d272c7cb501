"""A list that nobody confirmed is forgotten, with its phone numbers; one that was stays whole."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.town import PIN
from tests.wallet.bulk.lists import confirm, csv_of, pay_list, upload
from wallet.bulk.jobs import DELETE_UNCONFIRMED, JOBS
from wallet.errors import Code, Refused
from wallet.jobs import delete_expired
from wallet.retention import UNCONFIRMED_LISTS

TABLES = ("bulks", "bulk_rows", "bulk_batches", "bulk_errors")
GOOD = csv_of(("+254722000001", "10.00"), ("+254722000002", "10.00"))
BAD = csv_of(("+254711000001", "10.00"), ("nobody", "x"))
UNCONFIRMED = (
    "state = 'checked', confirmed_at = NULL, posting_id = NULL, source_account_id = NULL,"
    " account_ids = NULL, done_at = NULL, returned_minor = NULL"
)


@pytest.fixture
def farm(town):
    return town.person(balance=100_00)


def left(town):
    return [town.sql(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES]


def forget(service):
    return delete_expired(
        service.engine, DELETE_UNCONFIRMED, service.clock.now(), UNCONFIRMED_LISTS
    )


def test_an_unconfirmed_or_rejected_list_is_forgotten_whole_in_time(town, service, farm, clock):
    key = uuid4()
    listed = upload(service, farm, GOOD, source="wallet", key=key)
    upload(service, farm, BAD, source="wallet")
    assert left(town) == [2, 2, 1, 3]
    clock.set(clock.now() + UNCONFIRMED_LISTS)
    assert forget(service) == 0
    clock.advance(1)
    assert (forget(service), forget(service)) == (2, 0)
    assert left(town) == [0, 0, 0, 0]
    with pytest.raises(Refused) as caught:
        confirm(service, farm, listed, pin=PIN)
    assert caught.value.code == Code.NOT_FOUND
    assert upload(service, farm, BAD, source="wallet", key=key) != listed


def test_a_list_that_was_confirmed_stays_whole(town, service, clock):
    partner = town.partner(prefund=100_00, currency="KES")
    pay_list(service, partner, GOOD)
    before = left(town)
    clock.advance(days=400)
    assert forget(service) == 0
    assert left(town) == before == [1, 2, 1, 0]


def test_a_list_that_is_being_confirmed_is_left_alone(town, service, farm, clock):
    upload(service, farm, GOOD, source="wallet")
    clock.advance(days=31)
    with service.engine.begin() as other:
        other.execute(text("SELECT id FROM bulks FOR NO KEY UPDATE"))
        assert forget(service) == 0
    assert forget(service) == 1


@pytest.mark.parametrize("table", ["bulks", "bulk_rows", "bulk_batches"])
def test_the_database_deletes_nothing_of_a_list_that_was_confirmed(town, service, table):
    partner = town.partner(prefund=100_00, currency="KES")
    pay_list(service, partner, GOOD)
    for act in (town.sql, town.owner_sql):
        with pytest.raises(DBAPIError, match="confirmed"):
            act(f"DELETE FROM {table}")
    with pytest.raises(DBAPIError, match=r"rows are append-only|never deleted"):
        town.owner_sql(f"TRUNCATE {table}")


@pytest.mark.parametrize("table", ["bulk_rows", "bulk_batches"])
def test_the_database_forgets_nothing_of_a_list_that_may_yet_be_confirmed(
    town, service, farm, table
):
    """Else somebody could confirm it while its rows are going."""
    upload(service, farm, GOOD, source="wallet")
    with pytest.raises(DBAPIError, match="but with the list itself"):
        town.sql(f"DELETE FROM {table}")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (f"bulks SET {UNCONFIRMED}", "confirmed once"),
        ("bulks SET account_ids = '{1}'", "confirmed once"),
        ("bulk_batches SET bulk_id = 5", "keeps what it was checked as"),
        ("bulk_batches SET amount_minor = 1", "keeps what it was checked as"),
    ],
)
def test_a_list_that_was_confirmed_stays_so_with_all_its_batches(town, service, change, told):
    partner = town.partner(prefund=100_00, currency="KES")
    confirm(service, partner, upload(service, partner, GOOD))
    with pytest.raises(DBAPIError, match=told):
        town.sql(f"UPDATE {change}")


def test_the_worker_forgets_lists(town, service, farm, clock):
    upload(service, farm, GOOD, source="wallet")
    (job,) = (job for job in JOBS if job.name == "unconfirmed lists")
    step = job.start(service)
    assert step() == 0
    clock.set(clock.now() + UNCONFIRMED_LISTS + timedelta(seconds=1))
    assert (step(), step()) == (1, 0)
