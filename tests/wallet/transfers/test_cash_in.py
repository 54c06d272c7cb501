"""Cash-in: its refusals in the order of `Code`, its boundaries, what it moves."""

from datetime import date

import pytest

from tests.facts import (
    KEY,
    NOW,
    PIN,
    Fault,
    a_holder,
    an_account,
    code_of,
    in_code_order,
    moves,
    msisdn_of,
    pin_faults,
    refusal,
    some_facts,
    wordings,
)  # fmt: skip
from wallet.errors import Code
from wallet.money import Money
from wallet.people.limits import Usage
from wallet.service import text_body
from wallet.transfers.cash_in import Command, decide

AGENT, CUSTOMER = 1, 2
LARGEST, FULL = 25_000_000, 50_000_000  # tier 1, KES


def a_command(amount=10_000, pin=PIN, to=CUSTOMER, currency="KES"):
    return Command(AGENT, KEY, pin, msisdn_of(to), Money(currency, amount))


def the_facts(
    *,
    float_minor=1_000_000,
    is_agent=True,
    has_float=True,
    customer_known=True,
    customer_wallet=True,
    balance=0,
    agent=None,
    customer=None,
):
    number = {"agent_number": "10001", "agent_name": "Agent Joe"} if is_agent else {}
    holders = [a_holder(AGENT, **number | (agent or {}))]
    accounts = [an_account(11, AGENT, float_minor, "float")] if has_float else []
    if customer_known:
        holders.append(a_holder(CUSTOMER, **customer or {}))
        if customer_wallet:
            accounts.append(an_account(12, CUSTOMER, balance))
    return some_facts(holders, accounts)


FAULTS: list[Fault] = [
    (Code.RECEIVER_UNKNOWN, {"customer_known": False}),
    (Code.SENDER_CLOSED, {"agent": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"agent": {"status": "frozen"}}),
    (Code.RECEIVER_CLOSED, {"customer": {"status": "closed"}}),
    (Code.RECEIVER_FROZEN, {"customer": {"status": "frozen"}}),
    (Code.NOT_AN_AGENT, {"is_agent": False}),
    (Code.NOT_AN_AGENT, {"has_float": False}),
    (Code.NO_WALLET_IN_CURRENCY, {"customer_wallet": False}),
    *pin_faults("agent"),
    (Code.LESS_THAN_TRANSACTION_MIN_VALUE, {"amount": 99}),
    (Code.GREATER_THAN_TRANSACTION_MAX_VALUE, {"amount": LARGEST + 1}),
    (Code.MAX_BALANCE_EXCEEDED, {"balance": FULL}),
    (Code.INSUFFICIENT_FUNDS, {"float_minor": 0}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_cash_in_is_refused_in_code_order(wrong, code):
    assert code_of(decide, a_command, the_facts, wrong) is code


def test_agents_take_no_cash_from_themselves():
    assert refusal(decide, a_command(to=AGENT), the_facts()).code is Code.SAME_PARTIES


def test_an_agent_may_give_the_last_cent_of_the_float():
    assert moves(decide(a_command(10_000), the_facts(float_minor=10_000))) == {
        11: -10_000, 12: 10_000,
    }  # fmt: skip


def test_one_cent_more_than_the_float_is_refused():
    refused = refusal(decide, a_command(10_000), the_facts(float_minor=9_999))
    assert (refused.code, refused.facts) == (Code.INSUFFICIENT_FUNDS, {"needed": "100.00"})


@pytest.mark.parametrize(("tier", "most"), [(0, 5_000_000), (1, LARGEST)])
def test_one_cash_in_is_limited_by_the_customers_tier(tier, most):
    facts = the_facts(float_minor=10**9, customer={"tier": tier}, agent={"tier": 1 - tier})
    assert decide(a_command(most), facts).posting.legs
    refused = refusal(decide, a_command(most + 1), facts)
    assert refused.code is Code.GREATER_THAN_TRANSACTION_MAX_VALUE
    assert refused.facts == {"maximum": f"{most // 100}.00", "of": "receiver"}


def test_a_cash_in_has_the_least_of_any_transaction():
    assert decide(a_command(100), the_facts()).posting.legs
    refused = refusal(decide, a_command(99), the_facts())
    assert refused.facts == {"minimum": "1.00", "of": "receiver"}


def test_a_wallet_may_be_filled_to_its_limit_and_no_further():
    assert decide(a_command(10_000), the_facts(balance=FULL - 10_000)).posting.legs
    refused = refusal(decide, a_command(10_000), the_facts(balance=FULL - 9_999))
    assert refused.code is Code.MAX_BALANCE_EXCEEDED


def test_the_customer_is_charged_nothing():
    assert decide(a_command(), the_facts()).answer["fee"] == Money("KES", 0).json


def test_customer_and_agent_are_told():
    decision = decide(a_command(), the_facts(balance=500))
    assert wordings(decision) == {msisdn_of(2): "cash_in", msisdn_of(1): "cash_in_agent"}
    to_customer, to_agent = map(text_body, decision.texts)
    assert "agent Agent Joe. Balance KSh 105.00." in to_customer
    assert "from Person 2 0711000002. Float balance KSh 9,900.00." in to_agent


PH_MONTHLY_IN = 10_000_000


def a_philippine_load(received, amount):
    """A cash-in where the market limits what comes in by month."""
    holders = [
        a_holder(AGENT, market="PH", agent_number="10001"),
        a_holder(CUSTOMER, market="PH", msisdn=msisdn_of(CUSTOMER)),
    ]
    accounts = [
        an_account(11, AGENT, 10**9, "float", "PHP"),
        an_account(12, CUSTOMER, 0, "wallet", "PHP"),
    ]
    usage = Usage(CUSTOMER, "PHP", date(2026, 1, 2), month_in_minor=received)
    facts = some_facts(holders, accounts, usages=[usage], now=NOW)
    return a_command(amount, currency="PHP"), facts


def test_what_comes_in_is_limited_by_month_where_the_law_says_so():
    command, facts = a_philippine_load(PH_MONTHLY_IN - 10_000, 10_000)
    (row,) = (row for row in decide(command, facts).rows if isinstance(row, Usage))
    assert (row.month_in_minor, row.day_in_minor) == (PH_MONTHLY_IN, 10_000)

    refused = refusal(decide, *a_philippine_load(PH_MONTHLY_IN - 9_999, 10_000))
    assert refused.code is Code.MONTHLY_VALUE_LIMIT_EXCEEDED
    assert refused.facts == {"remaining": "99.99", "of": "receiver"}
