"""The books check finds every kind of corruption of what was given back."""

from uuid import uuid4

import pytest

from tests.books import findings_after
from tests.wallet.refunds.shop import ask_reversal, give
from wallet.running.books import check_books
from wallet.transfers.reverse import APPROVABLE


@pytest.fixture(scope="module")
def village(shared_town):
    """A refund of what was released, and a send undone by two of the staff."""
    town = shared_town
    payer, merchant = town.person(balance=100_000), town.merchant()
    contract = town.hold(payer, merchant, 30_000)
    town.release(payer, contract, 20_000)
    give(town, merchant, contract, 1_000)
    sent = town.id_in(town.send(payer, merchant, 2_000))
    waiting = ask_reversal(town, town.operator(), sent, merchant)
    town.service.poster.post(
        APPROVABLE.decide_approve, APPROVABLE.approve(waiting, town.operator().id, uuid4())
    )
    return town


def test_clean_books_have_no_findings(village):
    assert check_books(village.service.engine) == []


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("UPDATE refunds SET amount_minor = 20001", "20001 was refunded, 20000 released"),
        ("UPDATE refunds SET amount_minor = 1", "is not what its posting moved"),
        ("UPDATE refunds SET payer_id = merchant_id", "is not what its posting moved"),
        ("UPDATE reversals SET original_id = id", "is not its opposite"),
        ("UPDATE reversals SET id = original_id", "is not its opposite"),
    ],
)
def test_each_corruption_is_found(village, statement, finding):
    assert [each for each in findings_after(village, statement) if finding in each] != []
