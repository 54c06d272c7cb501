"""Plans: offered and withdrawn by a merchant, bought like a payment; refused in `Code` order."""

from datetime import timedelta
from typing import Any

import pytest

from tests.facts import (
    FEES,
    KEY,
    NOW,
    PIN,
    WRONG_PIN,
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
from wallet.clock import reference
from wallet.contracts.records import NewContract
from wallet.errors import Code
from wallet.money import Money
from wallet.plans.plan import Buy, Offer, Withdraw, decide_buy, decide_offer, decide_withdraw
from wallet.plans.records import NewPlan, Plan, PlanWithdrawn
from wallet.service import text_body

PAYER, SHOP, WALLET, SETTLEMENT, PLAN = 1, 2, 11, 12, 55


def a_plan(**changes):
    terms: dict[str, Any] = {
        "id": PLAN, "merchant_id": SHOP, "name": "Ten washes", "steps": 10, "currency": "KES",
        "price_minor": 100_001, "period_days": 60, "offered_at": NOW, "withdrawn_at": None,
        "merchant": "Duka",
    }  # fmt: skip
    return Plan(**terms | changes)


def the_facts(*, plan={}, payer=None, shop=None, balance=1_000_000, currency="KES"):  # noqa: B006 -- never changed
    return some_facts(
        [a_holder(PAYER, **payer or {}), a_holder(SHOP, **shop or {})],
        [
            an_account(WALLET, PAYER, balance, "wallet", currency),
            an_account(SETTLEMENT, SHOP, 0, "settlement"),
        ],
        records=[] if plan is None else [a_plan(**plan)],
    )


def an_offer(*, steps=10, minor=100_001, currency="KES", period_days=60, pin=PIN, actor=SHOP):
    price = Money(currency, minor)
    return Offer(actor, KEY, pin, "Ten washes", steps, price, period_days)


OFFER_FAULTS: list[Fault] = [
    (Code.SENDER_CLOSED, {"shop": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"shop": {"status": "frozen"}}),
    (Code.NO_WALLET_IN_CURRENCY, {"currency": "USD"}),
    *pin_faults("shop"),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(OFFER_FAULTS))
def test_an_offer_is_refused_in_code_order(wrong, code):
    assert code_of(decide_offer, an_offer, the_facts, wrong) is code


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"steps": 1}, Code.FORMAT_ERROR, "steps"),
        ({"steps": 101}, Code.FORMAT_ERROR, "steps"),
        ({"period_days": 0}, Code.PERIOD_OUT_OF_RANGE, "period_days"),
        ({"period_days": 91}, Code.PERIOD_OUT_OF_RANGE, "period_days"),
        ({"steps": 10, "minor": 9}, Code.FORMAT_ERROR, "price"),
    ],
)
def test_terms_that_no_plan_can_have_are_refused_before_the_pin_is_tried(wrong, code, field):
    refused = refusal(decide_offer, an_offer(pin=WRONG_PIN, **wrong), the_facts())
    assert (refused.code, refused.facts["field"], refused.rows) == (code, field, ())


@pytest.mark.parametrize("terms", [(2, 2, 1), (100, 100, 90)])
def test_the_least_and_the_greatest_terms_may_be_offered(terms):
    steps, minor, days = terms
    facts = the_facts()
    decision = decide_offer(an_offer(steps=steps, minor=minor, period_days=days), facts)
    (plan,) = (row.plan for row in decision.rows if isinstance(row, NewPlan))
    assert (plan.id, plan.steps, plan.price_minor, plan.period_days) == (facts.id, *terms)
    assert moves(decision) == {}


WITHDRAW_FAULTS: list[Fault] = [
    (Code.PLAN_UNKNOWN, {"plan": None}),
    (Code.PLAN_UNKNOWN, {"plan": {"merchant_id": PAYER}}),
    (Code.SENDER_CLOSED, {"shop": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"shop": {"status": "frozen"}}),
    *pin_faults("shop"),
    (Code.PLAN_WITHDRAWN, {"plan": {"withdrawn_at": NOW}}),
]


def a_withdrawal(pin=PIN):
    return Withdraw(SHOP, KEY, pin, PLAN)


@pytest.mark.parametrize(("wrong", "code"), in_code_order(WITHDRAW_FAULTS))
def test_a_withdrawal_is_refused_in_code_order(wrong, code):
    assert code_of(decide_withdraw, a_withdrawal, the_facts, wrong) is code


def test_a_merchant_withdraws_a_plan_of_their_own():
    decision = decide_withdraw(a_withdrawal(), the_facts())
    (row,) = decision.rows
    assert isinstance(row, PlanWithdrawn)
    assert row.values() == (PLAN, NOW)


BUY_FAULTS: list[Fault] = [
    (Code.PLAN_UNKNOWN, {"plan": None}),
    (Code.SAME_PARTIES, {"plan": {"merchant_id": PAYER}}),
    (Code.SENDER_CLOSED, {"payer": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"payer": {"status": "frozen"}}),
    (Code.RECEIVER_CLOSED, {"shop": {"status": "closed"}}),
    (Code.RECEIVER_FROZEN, {"shop": {"status": "frozen"}}),
    (Code.NO_WALLET_IN_CURRENCY, {"currency": "USD"}),
    *pin_faults("payer"),
    (Code.PLAN_WITHDRAWN, {"plan": {"withdrawn_at": NOW}}),
    (Code.GREATER_THAN_TRANSACTION_MAX_VALUE, {"plan": {"price_minor": 25_000_001}}),
    (Code.INSUFFICIENT_FUNDS, {"balance": 100_000}),
]


def a_purchase(pin=PIN):
    return Buy(PAYER, KEY, pin, PLAN)


@pytest.mark.parametrize(("wrong", "code"), in_code_order(BUY_FAULTS))
def test_a_purchase_is_refused_in_code_order(wrong, code):
    assert code_of(decide_buy, a_purchase, the_facts, wrong) is code


@pytest.mark.rule("What is bought is one contract with steps, whose rest comes back.")
def test_what_is_bought_is_one_contract_whose_rest_comes_back():
    facts = the_facts()
    decision = decide_buy(a_purchase(), facts)
    (contract,) = (row.contract for row in decision.rows if isinstance(row, NewContract))
    assert (contract.origin, contract.steps, contract.steps_done) == ("plan", 10, 0)
    assert (contract.at_deadline, contract.deadline_at) == ("return", NOW + timedelta(days=60))
    assert (contract.payer_id, contract.payee_id, contract.held.minor) == (PAYER, SHOP, 100_001)
    assert moves(decision) == {WALLET: -100_001, facts.id: 100_001}
    assert decision.answer["contract"] == reference(facts.id)


def test_the_fee_is_that_of_a_payment_and_on_top():
    facts = the_facts(plan={"currency": "USD", "price_minor": 1_000}, currency="USD")
    facts.add_account(an_account(13, SHOP, 0, "settlement", "USD"))
    fee = facts.market(facts.holders[PAYER]).fee("pay", Money("USD", 1_000))
    found = moves(decide_buy(a_purchase(), facts))
    assert found[WALLET] == -1_000 - fee.minor
    assert found.get(FEES + 100, 0) == fee.minor


def test_exactly_the_price_is_enough():
    assert (
        decide_buy(a_purchase(), the_facts(balance=100_001)).answer["balance"]["amount"] == "0.00"
    )


def test_both_sides_are_told_of_a_purchase():
    facts = the_facts()
    decision = decide_buy(a_purchase(), facts)
    assert wordings(decision) == {msisdn_of(PAYER): "plan_bought", msisdn_of(SHOP): "plan_sold"}
    bought, _ = map(text_body, decision.texts)
    assert bought == (
        f"{facts.reference} Bought Ten washes, Duka: 10 visits, KSh 1,000.01. Unused ones"
        " come back 6 Mar 12:00. Fee KSh 0.00. Balance KSh 8,999.99."
    )
