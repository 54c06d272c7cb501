"""Roles come from the tables."""

import pytest
from sqlalchemy import text

from tests.roles import as_owner
from wallet.errors import Code, Refused
from wallet.people.roles import business_of, person_by_msisdn, person_of, profile_of

NUMBER = "+254711000002"
GRANTS = {
    "agent": "INSERT INTO agents VALUES (1, '10001', 'Mama Mboga')",
    "merchant": """
        INSERT INTO merchants (holder_id, name, city, category, escrow_period_s)
        VALUES (1, 'Duka', 'Nairobi', '5411', 0)""",
    "operator": "INSERT INTO operators VALUES (1)",
}
PARTNER = "INSERT INTO partners VALUES (1, 'house', ''::bytea, :role)"


@pytest.fixture
def db(engine):
    with as_owner(engine) as connection:  # who alone may say who is staff
        yield connection


def code_of(call, *args):
    with pytest.raises(Refused) as refused:
        call(*args)
    return refused.value.code


def test_everybody_with_a_phone_is_a_consumer(add_holder, db):
    add_holder(1, NUMBER)
    assert person_of(db, 1).roles == person_by_msisdn(db, NUMBER).roles == {"consumer"}


def test_a_business_without_a_phone_is_not(add_holder, db):
    add_holder(1)
    assert person_of(db, 1).roles == set()


@pytest.mark.parametrize("role", GRANTS)
def test_each_table_gives_its_role(add_holder, db, role):
    add_holder(1, NUMBER)
    db.execute(text(GRANTS[role]))
    assert person_of(db, 1).roles == {"consumer", role}


@pytest.mark.parametrize("role", ["partner", "maker"])
def test_client_credentials_give_their_own_role_and_a_pin_does_not(add_holder, db, role):
    add_holder(1, NUMBER)
    db.execute(text(PARTNER), {"role": role})
    assert business_of(db, 1).roles == {role}
    assert person_of(db, 1).roles == {"consumer"}


def test_a_frozen_holder_still_signs_in(add_holder, db):
    add_holder(1, NUMBER, status="frozen")
    assert person_of(db, 1).roles == {"consumer"}


def test_a_closed_holder_does_not(add_holder, db):
    add_holder(1, NUMBER, status="closed")
    db.execute(text(PARTNER), {"role": "partner"})
    assert code_of(person_of, db, 1) is Code.SENDER_CLOSED
    assert code_of(person_by_msisdn, db, NUMBER) is Code.SENDER_CLOSED
    assert code_of(business_of, db, 1) is Code.SENDER_CLOSED


def test_a_number_that_nobody_registered_has_no_roles(db):
    assert code_of(person_by_msisdn, db, NUMBER) is Code.SENDER_UNKNOWN


def test_a_profile_has_no_secrets(add_holder, db):
    add_holder(1, NUMBER)
    profile = profile_of(db, 1)
    assert (profile.msisdn, profile.pin_set, profile.status) == (NUMBER, False, "active")
    assert "mac" not in repr(profile)
    assert code_of(profile_of, db, 2) is Code.NOT_FOUND
