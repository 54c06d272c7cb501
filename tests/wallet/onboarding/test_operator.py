"""The operator's staff."""

import pytest

from tests.roles import owner_of
from wallet.running.hiring import CannotHire, hire_number


def hire(town, msisdn):
    hire_number(town.service, owner_of(town.service), msisdn)


def test_the_owner_makes_an_operator_of_a_holder_once(town):
    anna = town.person()
    hire(town, anna.msisdn)
    hire(town, anna.msisdn)
    assert town.sql("SELECT holder_id FROM operators") == [(anna.id,)]
    assert town.sql("SELECT count(*) FROM postings WHERE kind = 'onboard_operator'") == [(1,)]


@pytest.mark.parametrize(("status", "why"), [("frozen", "is frozen"), ("closed", "is closed")])
def test_nobody_is_hired_who_is_shut(town, status, why):
    anna = town.person()
    town.set_status(anna, status)
    with pytest.raises(CannotHire, match=why):
        hire(town, anna.msisdn)
    assert town.sql("SELECT count(*) FROM operators") == [(0,)]


def test_nobody_is_hired_who_has_not_registered(town):
    with pytest.raises(CannotHire, match="Nobody has registered"):
        hire(town, "0711000001")
