"""The name a stranger sees."""

import pytest

from wallet.errors import Code, Refused
from wallet.people.names import name_of, shown_name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Juma Abdallah", "JUMA A."),
        ("juma ali abdallah", "JUMA A."),
        ("Wanjiru", "WANJIRU"),
        ("Mary-Anne O'Brien", "MARY-ANNE O."),
        ("สมชาย ใจดี", "สมชาย จ."),
    ],
)
def test_a_shown_name_is_the_first_and_an_initial(name, shown):
    assert shown_name(name) == shown


@pytest.mark.parametrize("status", ["active", "frozen"])
def test_a_registered_number_has_a_name(engine, add_holder, status):
    add_holder(1, "+254711000002", "Juma Abdallah", status)
    with engine.connect() as connection:
        assert name_of(connection, "+254711000002") == "JUMA A."


def test_unknown_and_closed_numbers_have_none(engine, add_holder):
    add_holder(1, "+254711000002", status="closed")
    for msisdn in ("+254711000002", "+254711000003"):
        with engine.connect() as connection, pytest.raises(Refused) as refused:
            name_of(connection, msisdn)
        assert refused.value.code is Code.RECEIVER_UNKNOWN
