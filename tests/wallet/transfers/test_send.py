"""Send: its refusals in the order of `Code`, its boundaries from both sides, what it moves."""

from datetime import date

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
from wallet.errors import Code
from wallet.money import Money
from wallet.people.limits import Usage
from wallet.people.pin import PinState
from wallet.service import text_body
from wallet.transfers.send import Command, decide

SENDER, RECEIVER = 1, 2
LARGEST, DAILY, MONTHLY, FULL = 25_000_000, 50_000_000, 500_000_000, 50_000_000  # tier 1, KES


def a_command(amount=10_000, pin=PIN, to=RECEIVER, currency="KES", key=KEY):
    return Command(SENDER, key, pin, msisdn_of(to), Money(currency, amount))


def the_facts(
    *,
    balance=100_000_000,
    wallet=True,
    sent_today=0,
    sent_this_month=0,
    receiver_balance=0,
    receiver_wallet=True,
    receiver_known=True,
    tier=1,
    now=NOW,
    sender=None,
    receiver=None,
):
    holders = [a_holder(SENDER, tier=tier, **sender or {})]
    accounts = []
    if wallet:
        accounts.append(an_account(11, SENDER, balance))
    if receiver_known:
        holders.append(a_holder(RECEIVER, **receiver or {}))
        if receiver_wallet:
            accounts.append(an_account(12, RECEIVER, receiver_balance))
    usage = Usage(SENDER, "KES", date(2026, 1, 5), sent_today, max(sent_today, sent_this_month))
    return some_facts(holders, accounts, usages=[usage], now=now)


FAULTS: list[Fault] = [
    (Code.RECEIVER_UNKNOWN, {"receiver_known": False}),
    (Code.SENDER_CLOSED, {"sender": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"sender": {"status": "frozen"}}),
    (Code.RECEIVER_CLOSED, {"receiver": {"status": "closed"}}),
    (Code.RECEIVER_FROZEN, {"receiver": {"status": "frozen"}}),
    (Code.NO_WALLET_IN_CURRENCY, {"wallet": False}),
    (Code.NO_WALLET_IN_CURRENCY, {"receiver_wallet": False}),
    *pin_faults("sender"),
    (Code.LESS_THAN_TRANSACTION_MIN_VALUE, {"amount": 99}),
    (Code.GREATER_THAN_TRANSACTION_MAX_VALUE, {"amount": LARGEST + 1}),
    (Code.DAILY_VALUE_LIMIT_EXCEEDED, {"sent_today": DAILY}),
    (Code.MONTHLY_VALUE_LIMIT_EXCEEDED, {"sent_this_month": MONTHLY}),
    (Code.MAX_BALANCE_EXCEEDED, {"receiver_balance": FULL}),
    (Code.INSUFFICIENT_FUNDS, {"balance": 0}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_send_is_refused_in_code_order(wrong, code):
    assert code_of(decide, a_command, the_facts, wrong) is code


def test_nobody_sends_to_their_own_number():
    facts = the_facts(sender={"status": "closed"})
    assert refusal(decide, a_command(to=SENDER), facts).code is Code.SAME_PARTIES


def test_sender_may_spend_the_last_cent_including_fee():
    decision = decide(a_command(10_001), the_facts(balance=10_701))
    assert moves(decision) == {11: -10_701, 12: 10_001, FEES: 700}
    assert decision.answer["balance"] == {"amount": "0.00", "currency": "KES"}


def test_one_cent_short_of_amount_and_fee_is_refused():
    refused = refusal(decide, a_command(10_001), the_facts(balance=10_700))
    assert (refused.code, refused.facts) == (Code.INSUFFICIENT_FUNDS, {"needed": "107.01"})


@pytest.mark.parametrize(
    ("amount", "fee"),
    [
        (10_000, 0), (10_001, 700), (50_000, 700), (50_001, 1_300), (100_000, 1_300),
        (100_001, 2_300), (150_000, 2_300), (150_001, 3_300), (250_000, 3_300),
        (250_001, 5_700), (500_000, 5_700), (500_001, 9_000), (1_000_000, 9_000),
        (1_000_001, 10_800), (LARGEST, 10_800),
    ],
)  # fmt: skip
def test_sender_pays_the_fee_of_the_band(amount, fee):
    decision = decide(a_command(amount), the_facts())
    assert moves(decision) == {11: -amount - fee, 12: amount} | ({FEES: fee} if fee else {})
    assert decision.answer["fee"] == Money("KES", fee).json


@pytest.mark.parametrize(
    ("facts", "amount"),
    [
        ({}, 100),
        ({}, LARGEST),
        ({"sent_today": DAILY - 10_000}, 10_000),
        ({"sent_this_month": MONTHLY - 10_000}, 10_000),
        ({"receiver_balance": FULL - 10_000}, 10_000),
    ],
)
def test_exactly_at_a_limit_is_allowed(facts, amount):
    assert decide(a_command(amount), the_facts(**facts)).answer["kind"] == "send"


@pytest.mark.parametrize(
    ("facts", "amount", "code", "says"),
    [
        ({}, 99, Code.LESS_THAN_TRANSACTION_MIN_VALUE, {"minimum": "1.00"}),
        ({}, LARGEST + 1, Code.GREATER_THAN_TRANSACTION_MAX_VALUE, {"maximum": "250000.00"}),
        ({"sent_today": DAILY - 9_999}, 10_000, Code.DAILY_VALUE_LIMIT_EXCEEDED,
         {"remaining": "99.99"}),
        ({"sent_this_month": MONTHLY - 9_999}, 10_000, Code.MONTHLY_VALUE_LIMIT_EXCEEDED,
         {"remaining": "99.99"}),
        ({"receiver_balance": FULL - 9_999}, 10_000, Code.MAX_BALANCE_EXCEEDED, {}),
    ],
)  # fmt: skip
def test_one_cent_past_a_limit_is_refused(facts, amount, code, says):
    refused = refusal(decide, a_command(amount), the_facts(**facts))
    assert (refused.code, refused.facts) == (code, says)


def test_the_limits_of_a_lower_tier_are_lower():
    refused = refusal(decide, a_command(5_000_001), the_facts(tier=0))
    assert refused.facts == {"maximum": "50000.00"}


def test_what_one_transaction_may_be_is_asked_of_the_sender_not_of_the_receiver():
    command, facts = a_command(5_000_001), the_facts(receiver={"tier": 0})
    assert decide(command, facts).posting.legs
    too_full = the_facts(receiver={"tier": 0}, receiver_balance=5_000_000)
    assert refusal(decide, command, too_full).code is Code.MAX_BALANCE_EXCEEDED


def test_the_fee_does_not_count_against_limits():
    decision = decide(a_command(10_001), the_facts(sent_today=DAILY - 10_001))
    (used,) = (row for row in decision.rows if isinstance(row, Usage))
    assert (used.day_out_minor, used.month_out_minor) == (DAILY, DAILY)


def test_a_refusal_for_a_wrong_pin_counts_the_attempt():
    refused = refusal(decide, a_command(pin=WRONG_PIN), the_facts())
    assert refused.facts == {"attempts_left": 2}
    assert [row.failures for row in refused.rows if isinstance(row, PinState)] == [1]


def test_both_are_told_in_their_own_language_with_amount_fee_balance_and_reference():
    facts = the_facts(balance=20_000, receiver_balance=500, receiver={"language": "sw"})
    decision = decide(a_command(10_001), facts)
    assert wordings(decision) == {msisdn_of(1): "sent", msisdn_of(2): "received"}
    sent, received = decision.texts
    assert text_body(sent) == (
        f"{facts.reference} Confirmed. You sent KSh 100.01 to Person 2 0711000002."
        " Fee KSh 7.00. Balance KSh 92.99."
    )
    assert received.language == "sw"
    assert "KSh 105.01" in text_body(received)


def test_the_answer_is_a_receipt():
    facts = the_facts(balance=20_000)
    assert decide(a_command(10_001), facts).answer == {
        "reference": facts.reference,
        "kind": "send",
        "amount": {"amount": "100.01", "currency": "KES"},
        "fee": {"amount": "7.00", "currency": "KES"},
        "balance": {"amount": "92.99", "currency": "KES"},
        "receiver": {"name": "Person 2", "msisdn": msisdn_of(2)},
        "posted_at": NOW.isoformat(),
    }
