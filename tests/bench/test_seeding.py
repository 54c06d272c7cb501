"""What is seeded goes past the database's triggers; the `engine` fixture re-sums its books."""

from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text

from bench import people
from bench.seeding import LATER_INDEXES, Population, populate
from tests.roles import owner_url
from wallet.escrow import pay
from wallet.money import Money
from wallet.people.pin import Pin
from wallet.running.settings import read_settings
from wallet.transfers import send

KEY = read_settings({}).pin_keys[0]


@pytest.fixture
def seeded(engine):
    """Seeds a population, and tells how many rows a table has then."""

    def seed(population):
        owner = owner_url(engine.url.render_as_string(hide_password=False))
        address = owner.replace("postgresql+psycopg:", "postgresql:", 1)
        with psycopg.connect(address, autocommit=True) as connection:
            populate(connection, population, KEY)

        def rows(table):
            with engine.connect() as connection:
                return connection.execute(text(f"SELECT count(*) FROM {table}")).scalar()

        return rows

    return seed


def test_a_history_has_the_entries_asked_for_within_one_send(seeded):
    rows = seeded(Population.with_entries(wallets=100, entries=1000))
    assert 1000 - 3 < rows("entries") <= 1000
    assert rows("postings") == 101 + (1000 - 202) // 3


def test_wallets_without_a_history_have_an_opening_balance_only(seeded):
    rows = seeded(Population(wallets=100))
    assert (rows("accounts"), rows("entries"), rows("postings")) == (103, 202, 101)


def test_seeding_leaves_every_index_in_its_place(engine, seeded):
    def indexes():
        with engine.connect() as connection:
            return set(connection.execute(text(LATER_INDEXES)).scalars())

    before = indexes()
    seeded(Population(wallets=10, sends=10))
    assert indexes() == before != set()


def test_seeded_people_send_and_pay_through_the_service(seeded, service):
    seeded(Population(wallets=10, merchants=5, sends=20))
    sender, amount, pin = people.HOLDERS + 3, Money("KES", 10_100), Pin(people.PIN)
    post = service.poster.post
    sent = send.Command(sender, uuid4(), pin, people.msisdn(4), amount)
    assert post(send.decide, sent).answer["fee"]["amount"] == "7.00"
    paid = pay.Command(sender, uuid4(), pin, str(people.FIRST_TILL + 4), amount)
    assert post(pay.decide, paid).answer["contract"] is None
