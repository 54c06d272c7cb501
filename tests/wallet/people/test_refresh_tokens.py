"""Refresh tokens: one use each; one that comes twice ends its family."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from wallet.errors import Code
from wallet.people import refresh_tokens
from wallet.people.refresh_tokens import LIFETIME

HOLDER = 7
OTHER = 8
KEY = bytes(range(32))


class Family:
    def __init__(self, engine, clock):
        self.engine, self.clock = engine, clock

    def issue(self, family_id=1):
        with self.engine.begin() as connection:
            return refresh_tokens.issue(connection, HOLDER, family_id, self.clock.now(), key=KEY)

    def rotate(self, token):
        with self.engine.begin() as connection:
            return refresh_tokens.rotate(connection, token, self.clock.now(), key=KEY)

    def revoke(self, token):
        with self.engine.begin() as connection:
            refresh_tokens.revoke(connection, token, self.clock.now())


@pytest.fixture
def family(engine, clock, add_holder):
    add_holder(HOLDER)
    return Family(engine, clock)


def test_each_use_gives_the_next(family):
    token = family.issue()
    for _ in range(3):
        rotated = family.rotate(token)
        assert (rotated.holder_id, rotated.refusal) == (HOLDER, None)
        assert rotated.token != token
        token = rotated.token


def test_a_token_that_comes_twice_ends_its_family(family):
    first = family.issue()
    second = family.rotate(first).token
    assert family.rotate(first).refusal is Code.REFRESH_TOKEN_REUSED
    assert family.rotate(second).refusal is Code.UNAUTHENTICATED


def test_another_family_of_the_same_holder_lives_on(family):
    first, other = family.issue(1), family.issue(2)
    family.rotate(first)
    family.rotate(first)
    assert family.rotate(other).refusal is None


def test_a_token_is_good_for_thirty_days_from_its_own_birth(family, clock):
    token = family.issue()
    clock.advance(days=LIFETIME.days, seconds=-1)
    token = family.rotate(token).token
    clock.advance(days=LIFETIME.days)
    assert family.rotate(token).refusal is Code.TOKEN_EXPIRED


@pytest.mark.parametrize("token", ["", "x", "x" * 200, "é"])
def test_what_was_never_issued_is_refused(family, token):
    assert family.rotate(token).refusal is Code.UNAUTHENTICATED


def test_a_token_whose_row_is_given_to_another_signs_nobody_in(family, engine, add_holder):
    """The role that serves may write these rows: stolen, it would be whom it likes."""
    add_holder(OTHER)
    token = family.issue()
    with engine.begin() as connection:
        connection.execute(text("UPDATE refresh_tokens SET holder_id = :id"), {"id": OTHER})
    assert family.rotate(token).refusal is Code.UNAUTHENTICATED


def test_signing_out_ends_the_family_whichever_token_is_shown(family):
    first = family.issue()
    second = family.rotate(first).token
    family.revoke(first)
    assert family.rotate(second).refusal is Code.UNAUTHENTICATED
    family.revoke("never issued")


def test_of_many_who_use_a_token_at_once_one_gets_the_next_and_then_nobody(family):
    token = family.issue()
    with ThreadPoolExecutor(8) as pool:
        rotated = list(pool.map(lambda _: family.rotate(token), range(8)))
    (winner,) = [each for each in rotated if each.refusal is None]
    assert family.rotate(winner.token).refusal is Code.UNAUTHENTICATED


def test_only_a_hash_is_stored(family, engine):
    token = family.issue()
    with engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM refresh_tokens")).one()
    assert token not in repr(row)
    assert token.encode() not in row.token_hash


def test_no_token_is_born_while_its_family_ends(family, engine, clock):
    first = family.issue()
    second = family.rotate(first).token
    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as connection:
            third = refresh_tokens.rotate(connection, second, clock.now(), key=KEY).token
            thief = pool.submit(family.rotate, first)
            until_blocked(engine)
        assert thief.result().refusal is Code.REFRESH_TOKEN_REUSED
    assert family.rotate(third).refusal is Code.UNAUTHENTICATED


def until_blocked(engine):
    waiting = text("""
        SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'
    """)
    for _ in range(2000):
        with engine.connect() as connection:
            if connection.execute(waiting).scalar():
                return
        time.sleep(0.005)
    raise AssertionError("nobody waits")
