"""Top-up: a quote is accepted once, by its partner, before it expires, as it was quoted."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.facts import (
    FEES,
    KEY,
    MARGIN,
    NOW,
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
)  # fmt: skip
from wallet.errors import Code
from wallet.fx.records import Quote, QuoteAccepted
from wallet.fx.top_up import Command, decide
from wallet.ledger.posting import NewAccount
from wallet.money import Money
from wallet.service import text_body

PARTNER, MAKER, RECEIVER, OTHER = 1, 2, 3, 4
QUOTE = 55
PREFUND, DOLLARS, SHILLINGS, WALLET = 11, 12, 13, 14
EXPIRES = NOW + timedelta(seconds=120)
FULL = 50_000_000
THE_QUOTE = Quote(
    QUOTE, PARTNER, MAKER, RECEIVER, "USD", 10_000, 150, 50, "KES", 1_290_000, Decimal(129), NOW,
    EXPIRES, None, None,
)  # fmt: skip
USD_FEES, USD_MARGIN = FEES + 100, MARGIN + 100


def a_command(actor=PARTNER, source=10_000, target=1_290_000, source_currency="USD"):
    source_money = Money(source_currency, source)
    return Command(actor, KEY, QUOTE, source_money, Money("KES", target), "Aunt Joy")


def the_facts(
    *,
    known=True,
    quote=None,
    prefund=10_150,
    has_prefund=True,
    inventory=1_290_000,
    has_inventory=True,
    maker_has_dollars=True,
    has_wallet=True,
    balance=0,
    partner=None,
    maker=None,
    receiver=None,
    now=NOW,
):
    holders = [
        a_holder(PARTNER, msisdn=None, **partner or {}),
        a_holder(MAKER, msisdn=None, **maker or {}),
        a_holder(RECEIVER, **receiver or {}),
        a_holder(OTHER, msisdn=None),
    ]
    accounts = [
        (has_prefund, an_account(PREFUND, PARTNER, prefund, "prefund", "USD")),
        (maker_has_dollars, an_account(DOLLARS, MAKER, 0, "maker", "USD")),
        (has_inventory, an_account(SHILLINGS, MAKER, inventory, "maker")),
        (has_wallet, an_account(WALLET, RECEIVER, balance)),
    ]
    records = [replace(THE_QUOTE, **quote or {})] if known else []
    there = [account for is_there, account in accounts if is_there]
    return some_facts(holders, there, records=records, now=now)


FAULTS: list[Fault] = [
    (Code.QUOTE_UNKNOWN, {"known": False}),
    (Code.QUOTE_UNKNOWN, {"actor": OTHER}),
    (Code.SENDER_CLOSED, {"partner": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"partner": {"status": "frozen"}}),
    (Code.RECEIVER_CLOSED, {"receiver": {"status": "closed"}}),
    (Code.RECEIVER_FROZEN, {"receiver": {"status": "frozen"}}),
    (Code.NO_WALLET_IN_CURRENCY, {"has_wallet": False}),
    (Code.QUOTE_USED, {"quote": {"accepted_at": NOW}}),
    (Code.QUOTE_HAS_EXPIRED, {"now": EXPIRES}),
    (Code.QUOTE_HAS_EXPIRED, {"quote": {"freed_at": NOW}}),
    (Code.QUOTE_CHANGED, {"target": 1_290_001}),
    (Code.NO_PRICE, {"inventory": 0}),
    (Code.MAX_BALANCE_EXCEEDED, {"balance": FULL}),
    (Code.INSUFFICIENT_FUNDS, {"prefund": 0}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_top_up_is_refused_in_code_order(wrong, code):
    assert code_of(decide, a_command, the_facts, wrong) is code


def test_each_currency_balances_by_itself():
    assert moves(decide(a_command(), the_facts())) == {
        PREFUND: -10_150, DOLLARS: 9_950, USD_MARGIN: 50, USD_FEES: 150,
        SHILLINGS: -1_290_000, WALLET: 1_290_000,
    }  # fmt: skip


def test_without_fee_and_margin_the_maker_takes_all():
    facts = the_facts(quote={"fee_minor": 0, "margin_minor": 0})
    assert moves(decide(a_command(), facts)) == {
        PREFUND: -10_000, DOLLARS: 10_000, SHILLINGS: -1_290_000, WALLET: 1_290_000,
    }  # fmt: skip


def test_one_second_before_it_expires_a_quote_is_good():
    facts = the_facts(now=EXPIRES - timedelta(seconds=1))
    (used,) = (row for row in decide(a_command(), facts).rows if isinstance(row, QuoteAccepted))
    assert used.accepted_at == EXPIRES - timedelta(seconds=1)


@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=1)])
def test_from_the_moment_it_expires_a_quote_is_refused(late):
    refused = refusal(decide, a_command(), the_facts(now=EXPIRES + late))
    assert (refused.code, refused.facts) == (
        Code.QUOTE_HAS_EXPIRED, {"expired_at": EXPIRES.isoformat()},
    )  # fmt: skip


def test_a_used_quote_is_used_even_within_the_same_batch():
    facts = the_facts(prefund=10**9, inventory=10**9)
    for row in decide(a_command(), facts).rows:
        row.apply(facts)
    assert refusal(decide, a_command(), facts).code is Code.QUOTE_USED


@pytest.mark.parametrize(
    "changed", [{"source": 9_999}, {"target": 1_290_001}, {"source_currency": "EUR"}]
)
def test_the_amounts_must_be_those_that_were_quoted(changed):
    refused = refusal(decide, a_command(**changed), the_facts())
    assert refused.code is Code.QUOTE_CHANGED
    assert refused.facts["target"] == {"amount": "12900.00", "currency": "KES"}


@pytest.mark.parametrize(
    "gone", [{"inventory": 1_289_999}, {"has_inventory": False}, {"maker": {"status": "frozen"}}]
)
def test_there_is_no_price_where_the_maker_cannot_give(gone):
    assert refusal(decide, a_command(), the_facts(**gone)).code is Code.NO_PRICE


def test_the_prefund_may_be_spent_to_the_last_cent_including_the_fee():
    assert decide(a_command(), the_facts(prefund=10_150)).posting.legs


@pytest.mark.parametrize("short", [{"prefund": 10_149}, {"has_prefund": False}])
def test_a_prefund_one_cent_short_is_refused(short):
    refused = refusal(decide, a_command(), the_facts(**short))
    assert (refused.code, refused.facts) == (Code.INSUFFICIENT_FUNDS, {"needed": "101.50"})


def test_a_wallet_may_be_filled_to_its_limit():
    assert decide(a_command(), the_facts(balance=FULL - 1_290_000)).posting.legs
    refused = refusal(decide, a_command(), the_facts(balance=FULL - 1_289_999))
    assert refused.code is Code.MAX_BALANCE_EXCEEDED


def test_a_maker_who_never_had_the_source_currency_gets_an_account_in_it():
    decision = decide(a_command(), the_facts(maker_has_dollars=False))
    (opened,) = (row.account for row in decision.rows if isinstance(row, NewAccount))
    assert (opened.holder_id, opened.kind, opened.currency) == (MAKER, "maker", "USD")
    assert moves(decision)[opened.id] == 9_950


def test_the_receiver_is_told_who_sent_what_and_what_arrived():
    decision = decide(a_command(), the_facts(balance=100))
    assert wordings(decision) == {msisdn_of(RECEIVER): "top_up_received"}
    body = text_body(decision.texts[0])
    assert "Aunt Joy sent USD 100.00 by Person 1. You received KSh 12,900.00." in body
    assert "Balance KSh 12,901.00." in body
