"""What the worker clears away, and what it leaves."""

from datetime import timedelta

import pytest

from tests.town import PIN
from wallet.destinations.jobs import DELETE_DESTINATIONS
from wallet.fx.jobs import DELETE_QUOTES
from wallet.jobs import delete_expired
from wallet.money import Money
from wallet.people.jobs import DELETE_REFRESH_TOKENS, DELETE_SIGN_INS
from wallet.retention import EXPIRED

SOURCE, TARGET = Money("USD", 10_000), Money("KES", 1_290_000)


@pytest.fixture
def quote(town):
    partner, maker = town.partner(prefund=100_000), town.maker(KES=10_000_000)
    receiver = town.person()
    return partner, town.quote(partner, maker, receiver, SOURCE, TARGET)


def count(service, table):
    with service.engine.connect() as connection:
        return connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()


def test_a_quote_nobody_accepted_goes_a_day_after_it_expired(service, clock, quote):
    clock.advance(120)
    clock.set(clock.now() + EXPIRED)
    assert delete_expired(service.engine, DELETE_QUOTES, clock.now()) == 0
    assert delete_expired(service.engine, DELETE_QUOTES, clock.advance(1)) == 1
    assert count(service, "quotes") == 0


def test_an_accepted_quote_stays_for_ever(town, service, clock, quote):
    partner, quote_id = quote
    town.top_up(partner, quote_id, SOURCE, TARGET)
    clock.advance(days=400)
    assert delete_expired(service.engine, DELETE_QUOTES, clock.now()) == 0


def test_lapsed_things_go_in_bounded_steps(town, service, clock, quote):
    for _ in range(2):
        town.quote(quote[0], town.maker(KES=TARGET.minor), town.person(), SOURCE, TARGET)
    clock.advance(days=2)
    assert [
        delete_expired(service.engine, DELETE_QUOTES, clock.now(), limit=2) for _ in range(3)
    ] == [2, 1, 0]


def test_old_sign_in_codes_go_and_fresh_ones_stay(town, service, clock):
    for days in (0, 3):
        town.sql(
            "INSERT INTO sign_ins (id, msisdn, code_mac, expires_at)"
            " VALUES (:id, '+254711000001', '', :at)",
            id=days, at=clock.now() + timedelta(days=days),
        )  # fmt: skip
    clock.advance(days=2)
    assert delete_expired(service.engine, DELETE_SIGN_INS, clock.now()) == 1
    assert count(service, "sign_ins") == 1


def test_a_used_refresh_token_stays_until_it_expires(town, service, clock):
    holder = town.person(pin=PIN)
    town.sql(
        "INSERT INTO refresh_tokens (token_hash, family_id, holder_id, expires_at, used_at)"
        " VALUES ('a', 1, :id, :at, :now)",
        id=holder.id, at=clock.now() + timedelta(days=30), now=clock.now(),
    )  # fmt: skip
    clock.advance(days=29)
    assert delete_expired(service.engine, DELETE_REFRESH_TOKENS, clock.now()) == 0
    clock.advance(days=3)
    assert delete_expired(service.engine, DELETE_REFRESH_TOKENS, clock.now()) == 1


def test_a_destination_that_was_never_confirmed_goes_and_others_stay(town, service, clock):
    merchant = town.merchant()
    id_ = town.destination(merchant, "cash")
    town.sql(
        "INSERT INTO destinations (id, merchant_id, kind, added_at, code_expires_at)"
        " VALUES (7, :id, 'cash', :now, :now)",
        id=merchant.id, now=clock.now(),
    )  # fmt: skip
    clock.advance(days=1)
    assert delete_expired(service.engine, DELETE_DESTINATIONS, clock.now()) == 0
    assert delete_expired(service.engine, DELETE_DESTINATIONS, clock.advance(1)) == 1
    assert [row[0] for row in town.sql("SELECT id FROM destinations WHERE kind = 'cash'")] == [id_]
