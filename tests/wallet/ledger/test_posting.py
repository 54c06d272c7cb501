"""What a flow decides is whole before the database sees it."""

import pytest

from tests.facts import an_account
from wallet.ledger.posting import Leg, Posting
from wallet.money import Money

WALLET, OTHER = an_account(1, 1), an_account(2, 2)
DOLLARS = an_account(3, 3, currency="USD")


def test_legs_that_net_to_zero_in_each_currency_are_a_posting():
    legs = (
        Leg(WALLET, Money("KES", -100)), Leg(OTHER, Money("KES", 100)),
        Leg(DOLLARS, Money("USD", -5)), Leg(DOLLARS, Money("USD", 5)),
    )  # fmt: skip
    assert Posting("send", legs).legs == legs
    assert Posting("register").legs == ()


@pytest.mark.parametrize(
    "legs",
    [
        (Leg(WALLET, Money("KES", -100)),),
        (Leg(WALLET, Money("KES", -100)), Leg(OTHER, Money("KES", 99))),
        (Leg(WALLET, Money("KES", -100)), Leg(DOLLARS, Money("USD", 100))),
    ],
)
def test_legs_that_do_not_are_our_bug(legs):
    with pytest.raises(AssertionError):
        Posting("send", legs)


@pytest.mark.parametrize("amount", [Money("USD", 1), Money("KES", 0)])
def test_a_leg_moves_something_in_the_currency_of_its_account(amount):
    with pytest.raises(AssertionError):
        Leg(WALLET, amount)
