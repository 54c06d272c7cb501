"""Pay: its refusals in the order of `Code`, held or at once, what it moves and tells."""

from datetime import date, timedelta

import pytest

from tests.facts import (
    KEY,
    NOW,
    PIN,
    Fault,
    a_holder,
    a_till,
    an_account,
    cents,
    code_of,
    in_code_order,
    moves,
    msisdn_of,
    pin_faults,
    refusal,
    some_facts,
    wordings,
)  # fmt: skip
from wallet.clock import id_of
from wallet.contracts.records import NewContract
from wallet.errors import Code
from wallet.escrow.pay import Command, decide
from wallet.ledger.posting import NewAccount
from wallet.merchants.order_records import OrderPaid, PaidOrder, order_id
from wallet.money import Money
from wallet.people.limits import Usage
from wallet.service import text_body

PAYER, PAYEE = 1, 2
LARGEST, DAILY, MONTHLY = 25_000_000, 50_000_000, 500_000_000


def a_command(amount=10_000, pin=PIN, till="50001", order=None, expires_at=None):
    return Command(PAYER, KEY, pin, till, Money("KES", amount), order, expires_at)


def the_facts(
    *,
    balance=100_000_000,
    period_s=86_400,
    till_known=True,
    merchant=PAYEE,
    wallet=True,
    settlement=True,
    paid_today=0,
    paid_this_month=0,
    settled=0,
    paid=False,
    payer=None,
    payee=None,
):
    holders = [a_holder(PAYER, **payer or {}), a_holder(PAYEE, **payee or {})]
    accounts = [an_account(11, PAYER, balance)] if wallet else []
    if settlement:
        accounts.append(an_account(12, PAYEE, settled, "settlement"))
    tills = [a_till(period_s, merchant)] if till_known else []
    usage = Usage(PAYER, "KES", date(2026, 1, 5), paid_today, max(paid_today, paid_this_month))
    records = [PaidOrder(order_id("50001", "INV-7"), 70)] if paid else []
    return some_facts(holders, accounts, tills=tills, usages=[usage], records=records)


FAULTS: list[Fault] = [
    (Code.QR_EXPIRED, {"expires_at": NOW}),
    (Code.TILL_UNKNOWN, {"till_known": False}),
    (Code.SAME_PARTIES, {"merchant": PAYER}),
    (Code.SENDER_CLOSED, {"payer": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"payer": {"status": "frozen"}}),
    (Code.RECEIVER_CLOSED, {"payee": {"status": "closed"}}),
    (Code.RECEIVER_FROZEN, {"payee": {"status": "frozen"}}),
    (Code.NO_WALLET_IN_CURRENCY, {"wallet": False}),
    (Code.NO_WALLET_IN_CURRENCY, {"settlement": False}),
    *pin_faults("payer"),
    (Code.ALREADY_PAID, {"order": "INV-7", "paid": True}),
    (Code.LESS_THAN_TRANSACTION_MIN_VALUE, {"amount": 99}),
    (Code.GREATER_THAN_TRANSACTION_MAX_VALUE, {"amount": LARGEST + 1}),
    (Code.DAILY_VALUE_LIMIT_EXCEEDED, {"paid_today": DAILY}),
    (Code.MONTHLY_VALUE_LIMIT_EXCEEDED, {"paid_this_month": MONTHLY}),
    (Code.INSUFFICIENT_FUNDS, {"balance": 0}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_pay_is_refused_in_code_order(wrong, code):
    assert code_of(decide, a_command, the_facts, wrong) is code


def test_the_payer_may_spend_the_last_cent():
    decision = decide(a_command(10_000), the_facts(balance=10_000))
    assert cents(decision.answer, "balance") == "0.00"


def test_one_cent_short_is_refused():
    refused = refusal(decide, a_command(10_000), the_facts(balance=9_999))
    assert (refused.code, refused.facts) == (Code.INSUFFICIENT_FUNDS, {"needed": "100.00"})


@pytest.mark.parametrize("spent", [{"paid_today": DAILY}, {"paid_this_month": MONTHLY}])
def test_payments_count_against_the_limits_of_day_and_month(spent):
    ((name, limit),) = spent.items()
    assert decide(a_command(10_000), the_facts(**{name: limit - 10_000})).posting.legs
    refused = refusal(decide, a_command(10_000), the_facts(**{name: limit - 9_999}))
    assert refused.facts == {"remaining": "99.99"}


def test_what_is_paid_is_counted():
    decision = decide(a_command(10_000), the_facts(paid_today=500))
    (used,) = (row for row in decision.rows if isinstance(row, Usage))
    assert (used.day_out_minor, used.month_out_minor) == (10_500, 10_500)


@pytest.mark.rule("A payment to a till is held in a contract of its own for the merchant's period.")
def test_a_payment_is_held_in_a_contract_of_its_own():
    facts = the_facts()
    decision = decide(a_command(10_000), facts)
    assert moves(decision) == {11: -10_000, facts.id: 10_000}
    (account,) = (row.account for row in decision.rows if isinstance(row, NewAccount))
    (contract,) = (row.contract for row in decision.rows if isinstance(row, NewContract))
    assert (account.id, account.holder_id, account.kind) == (facts.id, None, "escrow")
    assert (contract.payer_account_id, contract.payee_account_id) == (11, 12)
    assert contract.deadline_at == NOW + timedelta(days=1)
    assert id_of(decision.answer["contract"]) == contract.id == facts.id


@pytest.mark.rule("Where the period is zero, the merchant is paid at once.")
def test_where_the_period_is_zero_the_merchant_is_paid_at_once():
    decision = decide(a_command(10_000), the_facts(period_s=0))
    assert moves(decision) == {11: -10_000, 12: 10_000}
    assert decision.answer["contract"] is None
    assert [row for row in decision.rows if isinstance(row, NewContract | NewAccount)] == []


@pytest.mark.rule("Payer and payee are told the deadline by their own clocks.")
def test_both_are_told_until_when_a_payment_is_held_in_their_own_time():
    facts = the_facts(payee={"market": "PH"})
    decision = decide(a_command(10_000), facts)
    assert wordings(decision) == {msisdn_of(1): "paid_held", msisdn_of(2): "payment_held"}
    to_payer, to_payee = map(text_body, decision.texts)
    assert "6 Jan 12:00" in to_payer
    assert "6 Jan 17:00" in to_payee
    assert "*384*77#" in to_payer


def test_both_are_told_of_a_payment_at_once():
    decision = decide(a_command(10_000), the_facts(period_s=0, settled=500))
    assert wordings(decision) == {msisdn_of(1): "paid_now", msisdn_of(2): "payment_received"}
    assert "Balance KSh 105.00." in text_body(decision.texts[1])


def test_a_merchant_without_a_phone_is_not_texted():
    assert len(decide(a_command(), the_facts(payee={"msisdn": None})).texts) == 1


def test_a_second_before_its_code_expires_a_payment_is_taken():
    assert decide(a_command(expires_at=NOW + timedelta(seconds=1)), the_facts()).posting.legs
    refused = refusal(decide, a_command(expires_at=NOW), the_facts())
    assert refused.code is Code.QR_EXPIRED


def test_the_answer_names_the_merchants_order():
    assert decide(a_command(order="INV-7"), the_facts()).answer["order"] == "INV-7"


@pytest.mark.rule("A code for one order is paid once, whoever pays it; a till's code by everybody.")
def test_an_order_is_paid_once_and_is_one_of_its_tills():
    facts = the_facts(paid=True)
    assert refusal(decide, a_command(order="INV-7"), facts).facts == {"order": "INV-7"}
    for other in (None, "INV-8", "inv-7"):
        assert decide(a_command(order=other), facts).posting.legs
    assert order_id("50001", "INV-7") != order_id("50002", "INV-7")


def test_only_a_payment_by_an_orders_code_notes_that_it_is_paid():
    facts = the_facts()
    noted = [
        [row.paid.payment_id for row in decide(each, facts).rows if isinstance(row, OrderPaid)]
        for each in (a_command(), a_command(order="INV-7"))
    ]
    assert noted == [[], [facts.id]]
