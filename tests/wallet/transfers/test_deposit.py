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
from wallet.ledger.posting import NewAccount
from wallet.money import Money
from wallet.transfers.deposit import Command, decide
from wallet.transfers.deposit_records import Arrival, arrival_id

HOLDER, ASKER, OTHER = 1, 2, 3


def a_command(kind="float", amount=10_000, actor=0, approved_by=None):
    return Command(actor, KEY, HOLDER, kind, Money("KES", amount), "BANK-1", approved_by)


def the_facts(*, known=True, is_agent=True, has_account=True, holder=None, used=()):
    number = {"agent_number": "10001"} if is_agent else {}
    holders = [a_holder(HOLDER, **number | (holder or {}))] if known else []
    accounts = [an_account(11, HOLDER, 500, "float")] if has_account else []
    records = [Arrival(arrival_id("KES", each), 77) for each in used]
    return some_facts(holders, accounts, records=records)


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


def test_a_bank_reference_counts_once_however_it_is_typed():
    used = {"actor": ASKER, "approved_by": OTHER, "used": ["bank - 1"]}
    assert code_of(decide, a_command, the_facts, used) is Code.BANK_REFERENCE_USED
    decision = decide(a_command(actor=ASKER, approved_by=OTHER), the_facts(used=["BANK-2"]))
    assert moves(decision) == {TRUST: -10_000, 11: 10_000}


def test_a_bank_reference_is_one_of_its_currency():
    assert arrival_id("KES", "BANK-1") == arrival_id("KES", " bank-1 ")
    assert arrival_id("KES", "BANK-1") != arrival_id("USD", "BANK-1")
    assert 0 <= arrival_id("KES", "BANK-1") < 2**63


def test_the_services_own_hand_needs_no_bank_reference_of_its_own():
    assert moves(decide(a_command(), the_facts(used=["BANK-1"]))) == {TRUST: -10_000, 11: 10_000}
