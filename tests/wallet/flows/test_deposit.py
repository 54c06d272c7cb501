"""Deposit: the only way in for e-money, always matched by the trust account."""

import pytest

from tests.facts import (
    KEY,
    TRUST,
    Fault,
    a_holder,
    an_account,
    cents,
    code_of,
    in_code_order,
    moves,
    some_facts,
)  # fmt: skip
from wallet.errors import Code
from wallet.flows.deposit import Command, decide
from wallet.ledger.posting import NewAccount
from wallet.money import Money

HOLDER, ASKER, OTHER = 1, 2, 3


def a_command(kind="float", amount=10_000, actor=0, approved_by=None):
    return Command(actor, KEY, HOLDER, kind, Money("KES", amount), "BANK-1", approved_by)


def the_facts(*, known=True, is_agent=True, has_account=True, holder=None):
    number = {"agent_number": "10001"} if is_agent else {}
    holders = [a_holder(HOLDER, **number | (holder or {}))] if known else []
    accounts = [an_account(11, HOLDER, 500, "float")] if has_account else []
    return some_facts(holders, accounts)


FAULTS: list[Fault] = [
    (Code.FORMAT_ERROR, {"kind": "wallet"}),
    (Code.RECEIVER_UNKNOWN, {"known": False}),
    (Code.OWN_TRANSACTION, {"actor": HOLDER}),  # staff issue nothing to themselves
    (Code.RECEIVER_CLOSED, {"holder": {"status": "closed"}}),
    (Code.NOT_AN_AGENT, {"is_agent": False}),
    (Code.APPROVAL_NEEDED, {"actor": ASKER}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_deposit_is_refused_in_code_order(wrong, code):
    assert code_of(decide, a_command, the_facts, wrong) is code


@pytest.mark.parametrize("kind", ["wallet", "settlement", "escrow", "fees", "trust", ""])
def test_only_floats_prefunds_and_inventories_are_issued_to(kind):
    assert code_of(decide, a_command, the_facts, {"kind": kind}) is Code.FORMAT_ERROR


def test_what_is_issued_stands_against_the_trust_account():
    decision = decide(a_command(), the_facts())
    assert moves(decision) == {TRUST: -10_000, 11: 10_000}
    assert cents(decision.answer, "balance") == "105.00"
    assert decision.answer["bank_reference"] == "BANK-1"


@pytest.mark.parametrize("kind", ["float", "prefund", "maker"])
def test_the_account_is_opened_where_there_is_none(kind):
    decision = decide(a_command(kind), the_facts(has_account=False))
    (opened,) = (row.account for row in decision.rows if isinstance(row, NewAccount))
    assert (opened.holder_id, opened.kind, opened.currency) == (HOLDER, kind, "KES")
    assert moves(decision) == {TRUST: -10_000, opened.id: 10_000}
