"""Bank return: what the bank sends back is the merchant's again, the fee is not."""

import pytest

from tests.facts import (
    TRUST,
    Fault,
    a_holder,
    an_account,
    code_of,
    in_code_order,
    moves,
    some_facts,
)  # fmt: skip
from wallet.banking.bank_return import Command, decide
from wallet.clock import reference
from wallet.destinations.records import Destination
from wallet.errors import Code
from wallet.money import Money
from wallet.payouts.records import Payout

MERCHANT, PAYOUT = 1, 7


def a_command():
    return Command(PAYOUT, "KES")


def the_facts(*, state="paid", kind="bank", merchant=None, known=True):
    where = Destination("01", "1234567", "Duka Ltd", kind)
    payout = Payout(PAYOUT, MERCHANT, "KES", 20_000, 5_000, state, where)
    return some_facts(
        [a_holder(MERCHANT, **(merchant or {}))],
        [an_account(11, MERCHANT, 500, "settlement")],
        records=[payout] if known else [],
    )


FAULTS: list[Fault] = [
    (Code.NOT_FOUND, {"known": False}),
    (Code.RECEIVER_CLOSED, {"merchant": {"status": "closed"}}),
    (Code.INCORRECT_STATE, {"state": "sent"}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_a_return_is_refused_in_code_order(wrong, code):
    assert code_of(decide, a_command, the_facts, wrong) is code


@pytest.mark.parametrize("state", ["requested", "sent", "unknown", "failed"])
def test_only_what_was_paid_can_come_back(state):
    assert code_of(decide, a_command, the_facts, {"state": state}) is Code.INCORRECT_STATE


@pytest.mark.parametrize("kind", ["mobile", "cash", "wallet"])
def test_only_banks_send_back(kind):
    assert code_of(decide, a_command, the_facts, {"kind": kind}) is Code.INCORRECT_STATE


def test_the_amount_comes_back_from_the_trust_account_and_the_fee_stays():
    decision = decide(a_command(), the_facts())
    assert moves(decision) == {TRUST: -20_000, 11: 20_000}
    assert decision.answer["payout"] == reference(PAYOUT)
    assert decision.posting.original_id == PAYOUT
    (told,) = decision.texts
    assert (told.name, told.values["balance"]) == ("payout_failed", Money("KES", 20_500).shown)


def test_a_payout_comes_back_once_whoever_reads_the_statement():
    assert a_command().key == Command(PAYOUT, "KES").key != Command(PAYOUT + 1, "KES").key
