"""A reserve goes to the settlement account once its days are over, and once only."""

from datetime import timedelta

import pytest

from tests.facts import (
    NOW,
    Fault,
    a_holder,
    an_account,
    code_of,
    in_code_order,
    moves,
    refusal,
    some_facts,
)
from wallet.errors import Code
from wallet.merchants.free_reserve import Command, decide
from wallet.merchants.reserve_records import Reserve, ReserveFreed

MERCHANT, SETTLEMENT, KEPT, RESERVE = 2, 12, 13, 55


def a_command():
    return Command(RESERVE)


def the_facts(*, known=True, freed_at=None, now=NOW, status="active"):
    reserve = Reserve(RESERVE, MERCHANT, "KES", 900, NOW - timedelta(days=30), NOW, freed_at)
    accounts = [
        an_account(SETTLEMENT, MERCHANT, 50, "settlement"),
        an_account(KEPT, MERCHANT, 1_000, "reserve"),
    ]
    holder = a_holder(MERCHANT, status=status)
    return some_facts([holder], accounts, records=[reserve] if known else [], now=now)


FAULTS: list[Fault] = [
    (Code.NOT_FOUND, {"known": False}),
    (Code.INCORRECT_STATE, {"freed_at": NOW}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_freeing_is_refused_in_code_order(wrong, code):
    assert code_of(decide, a_command, the_facts, wrong) is code


def test_a_reserve_is_kept_until_its_very_instant():
    refused = refusal(decide, a_command(), the_facts(now=NOW - timedelta(microseconds=1)))
    assert (refused.code, refused.facts["state"]) == (Code.INCORRECT_STATE, "kept")


@pytest.mark.parametrize("status", ["active", "frozen"])
def test_its_own_amount_goes_to_the_settlement_account_whatever_else_is_kept(status):
    decision = decide(a_command(), the_facts(status=status))
    assert moves(decision) == {KEPT: -900, SETTLEMENT: 900}
    assert [type(row) for row in decision.rows] == [ReserveFreed]


def test_a_second_command_of_the_batch_sees_it_freed():
    facts = the_facts()
    for row in decide(a_command(), facts).rows:
        row.apply(facts)
    assert refusal(decide, a_command(), facts).facts["state"] == "freed"


def test_every_worker_that_notices_uses_the_same_key():
    assert a_command().key == a_command().key != Command(RESERVE + 1).key
