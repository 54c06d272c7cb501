"""The monthly fee: once a local month, where the balance covers it; else tried again tomorrow."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.facts import (
    COMMISSIONS,
    Fault,
    a_holder,
    an_account,
    code_of,
    in_code_order,
    moves,
    msisdn_of,
    refusal,
    some_facts,
    wordings,
)
from tests.wallet.merchants.pricings import a_pricing
from wallet.errors import Code
from wallet.merchants.monthly_fee import Command, decide
from wallet.merchants.pricing_records import MonthlyDue, PricedMerchant

MERCHANT, SETTLEMENT, FEE = 2, 12, 1_500
DUE = datetime(2026, 1, 31, 21, tzinfo=UTC)  # 1 February in Nairobi
FEBRUARY = date(2026, 2, 1)


def a_command(month=FEBRUARY, currency="KES"):
    return Command(MERCHANT, month, currency)


def the_facts(*, now=DUE, due_at=DUE, fee=FEE, balance=FEE, merchant=None, known=True):
    paid = None if fee is None else 0
    terms = a_pricing(MERCHANT, monthly_fee_minor=fee, commission_bps_paid=paid)
    records = [PricedMerchant(MERCHANT, due_at, None, terms)] if known else []
    accounts = [an_account(SETTLEMENT, MERCHANT, balance, "settlement")]
    holder = a_holder(MERCHANT, **merchant or {})
    return some_facts([holder], accounts, records=records, now=now)


def monthly_due(found):
    (row,) = (row for row in found.rows if isinstance(row, MonthlyDue))
    return row.paid_until, row.due_at


FAULTS: list[Fault] = [
    (Code.NOT_FOUND, {"known": False}),
    (Code.INCORRECT_STATE, {"due_at": None}),
    (Code.INSUFFICIENT_FUNDS, {"balance": FEE - 1}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_the_fee_is_refused_in_code_order(wrong, code):
    assert code_of(decide, a_command, the_facts, wrong) is code


def test_the_fee_leaves_settlement_and_pays_until_the_next_local_month():
    decision = decide(a_command(), the_facts())
    march = datetime(2026, 2, 28, 21, tzinfo=UTC)
    assert moves(decision) == {SETTLEMENT: -FEE, COMMISSIONS: FEE}
    assert monthly_due(decision) == (march, march)
    assert wordings(decision) == {msisdn_of(MERCHANT): "monthly_fee"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"now": DUE - timedelta(seconds=1)},
        {"now": DUE, "due_at": DUE + timedelta(seconds=1)},
        {"fee": None},
    ],
)
def test_what_is_not_due_is_not_charged(wrong):
    assert refusal(decide, a_command(), the_facts(**wrong)).code is Code.INCORRECT_STATE


@pytest.mark.parametrize("command", [a_command(date(2026, 1, 1)), a_command(currency="USD")])
def test_a_command_that_the_clock_or_the_terms_overtook_charges_nothing(command):
    refused = refusal(decide, command, the_facts())
    assert (refused.code, refused.facts) == (Code.INCORRECT_STATE, {"state": "terms_changed"})


@pytest.mark.parametrize("wrong", [{"balance": FEE - 1}, {"merchant": {"status": "frozen"}}])
def test_what_cannot_be_charged_is_tried_again_when_the_next_local_day_begins(wrong):
    refused = refusal(decide, a_command(), the_facts(now=DUE + timedelta(hours=3), **wrong))
    assert refused.code is Code.INSUFFICIENT_FUNDS
    assert monthly_due(refused) == (None, DUE + timedelta(days=1))


def test_a_fee_that_was_missed_is_charged_for_the_present_month_alone():
    facts = the_facts(now=DUE + timedelta(days=40))
    decision = decide(a_command(date(2026, 3, 1)), facts)
    assert monthly_due(decision)[0] == datetime(2026, 3, 31, 21, tzinfo=UTC)


def test_a_month_has_one_key_and_each_month_its_own():
    assert a_command().key == a_command(currency="USD").key
    assert a_command().key != a_command(date(2026, 3, 1)).key
    assert a_command().key != replace(a_command(), merchant_id=3).key
