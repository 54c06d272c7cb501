"""Payout: asked for, then paid or failed; refusals in the order of `Code`."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.facts import (
    FEES,
    KEY,
    NOW,
    PIN,
    PIN_KEYS,
    TRANSIT,
    TRUST,
    WRONG_PIN,
    Fault,
    a_holder,
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
from wallet.clock import reference
from wallet.destinations.records import Destination, Destinations, Place
from wallet.errors import Code
from wallet.merchants.records import MerchantLock
from wallet.money import Money
from wallet.payouts.finish import Returned, Settled, decide_returned, decide_settled
from wallet.payouts.payout import Command, decide
from wallet.payouts.records import CASH_CODE, NewPayout, Payout, PayoutSettled, SchedulePaused
from wallet.people.one_time import OneTimeCode
from wallet.refunds.records import RefundsWaiting
from wallet.service import text_body

SECOND = timedelta(seconds=1)
MERCHANT, PAYOUT, HOME = 1, 66, 55
FEE, LARGEST = 5_000, 10_000_000_000
BANK = Destination("01", "001234567", "Duka Ltd")
CASH = Destination(kind="cash")
WALLET = Destination(kind="wallet")
A_PAYOUT = Payout(PAYOUT, MERCHANT, "KES", 10_000, FEE, "sent", BANK)
CODE = OneTimeCode("48291307")


def a_command(amount=10_000, pin=PIN, destination=None):
    return Command(MERCHANT, KEY, pin, Money("KES", amount), destination, CODE)


def the_facts(
    *,
    settled=15_000,
    is_merchant=True,
    has_account=True,
    bank=BANK,
    place=None,
    wallet=0,
    merchant=None,
    payout=None,
    refund=None,
):
    accounts = [an_account(11, MERCHANT, settled, "settlement")] if has_account else []
    accounts.append(an_account(12, MERCHANT, wallet))
    records: list[object] = [MerchantLock(MERCHANT, bank and HOME)] if is_merchant else []
    if bank is not None:
        there = Place(HOME, MERCHANT, bank, "confirmed", NOW, NOW, NOW)
        records.append(Destinations(MERCHANT, (replace(there, **place or {}),)))
    if payout is not None:
        records.append(replace(A_PAYOUT, **payout))
    if refund is not None:
        records.append(RefundsWaiting(MERCHANT, (("KES", refund),)))
    return some_facts([a_holder(MERCHANT, **merchant or {})], accounts, records=records)


FAULTS: list[Fault] = [
    (Code.FORBIDDEN, {"is_merchant": False}),
    (Code.SENDER_CLOSED, {"merchant": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"merchant": {"status": "frozen"}}),
    (Code.NO_WALLET_IN_CURRENCY, {"has_account": False}),
    *pin_faults("merchant"),
    (Code.REFUND_WAITING, {"refund": 99}),
    (Code.LESS_THAN_TRANSACTION_MIN_VALUE, {"amount": 99}),
    (Code.GREATER_THAN_TRANSACTION_MAX_VALUE, {"amount": LARGEST + 1}),
    (Code.INSUFFICIENT_FUNDS, {"settled": 0}),
]
OF_PLACES: list[Fault] = [
    (Code.DESTINATION_UNKNOWN, {"destination": 5}),
    (Code.PIN_WRONG, {"pin": WRONG_PIN}),
    (Code.DESTINATION_UNCONFIRMED, {"place": {"state": "unconfirmed"}}),
    (Code.DESTINATION_COOLING_OFF, {"place": {"usable_from": NOW + SECOND}}),
    (Code.REFUND_WAITING, {"refund": 99}),
]


@pytest.mark.parametrize(("wrong", "code"), [*in_code_order(FAULTS), *in_code_order(OF_PLACES)])
def test_payout_is_refused_in_code_order(wrong, code):
    assert code_of(decide, a_command, the_facts, wrong) is code


def test_without_a_destination_there_is_no_payout():
    refused = refusal(decide, a_command(), the_facts(bank=None))
    assert refused.code is Code.PAYOUT_DESTINATION_MISSING


def test_a_destination_may_be_used_from_the_moment_it_has_cooled_off():
    waiting = {"usable_from": NOW + SECOND}
    refused = refusal(decide, a_command(), the_facts(place=waiting))
    assert refused.facts == {"usable_from": (NOW + SECOND).isoformat()}
    assert decide(a_command(), the_facts(place={"usable_from": NOW})).posting.legs


def test_a_payout_keeps_its_destination_whatever_becomes_of_that():
    decision = decide(a_command(destination=HOME), the_facts())
    (row,) = (row.payout for row in decision.rows if isinstance(row, NewPayout))
    assert (row.destination, row.destination_id, row.state) == (BANK, HOME, "requested")


def test_a_merchant_may_take_out_the_last_cent_including_the_fee():
    decision = decide(a_command(10_000), the_facts(settled=15_000))
    assert moves(decision) == {11: -15_000, TRANSIT: 15_000}
    assert cents(decision.answer, "balance") == "0.00"
    (row,) = (row.payout for row in decision.rows if isinstance(row, NewPayout))
    assert (row.amount_minor, row.fee_minor, row.destination) == (10_000, FEE, BANK)


def test_one_cent_short_of_amount_and_fee_is_refused():
    refused = refusal(decide, a_command(10_000), the_facts(settled=14_999))
    assert (refused.code, refused.facts) == (Code.INSUFFICIENT_FUNDS, {"needed": "150.00"})


def test_the_merchant_is_told_with_only_the_end_of_the_bank_account():
    decision = decide(a_command(), the_facts())
    (body,) = map(text_body, decision.texts)
    assert "KSh 100.00 to bank 01 4567" in body
    assert "00123" not in body + str(decision.answer)


# To the own wallet, and in cash -------------------------------------------------------------------


def test_to_the_own_wallet_it_is_paid_at_once_and_free():
    decision = decide(a_command(), the_facts(settled=10_000, bank=WALLET, wallet=500))
    assert moves(decision) == {11: -10_000, 12: 10_000}
    (row,) = (row.payout for row in decision.rows if isinstance(row, NewPayout))
    assert (row.state, decision.answer["state"]) == ("paid", "paid")
    assert wordings(decision) == {msisdn_of(MERCHANT): "payout_to_wallet"}


def test_the_own_wallet_takes_no_more_than_its_tier_may_hold():
    full = the_facts(settled=10_000, bank=WALLET, wallet=50_000_000 - 9_999)
    assert refusal(decide, a_command(), full).code is Code.MAX_BALANCE_EXCEEDED
    room = the_facts(settled=10_000, bank=WALLET, wallet=50_000_000 - 10_000)
    assert decide(a_command(), room).posting.legs


def test_cash_waits_in_transit_for_a_code_that_only_the_merchant_is_told():
    decision = decide(a_command(), the_facts(settled=16_000, bank=CASH))
    assert moves(decision) == {11: -16_000, TRANSIT: 16_000}
    (row,) = (row.payout for row in decision.rows if isinstance(row, NewPayout))
    assert (row.state, row.expires_at) == ("collectible", NOW + timedelta(days=7))
    assert row.code is not None
    assert CODE.fits(CASH_CODE, row.id, row.code, PIN_KEYS)
    (body,) = map(text_body, decision.texts)
    assert "code 48291307" in body
    assert "48291307" not in f"{decision.answer} {row} {a_command()}"


@pytest.mark.parametrize(("now", "code"), [(-1, Code.INCORRECT_STATE), (0, None), (1, None)])
def test_cash_that_nobody_collected_goes_back_at_its_time_and_not_before(now, code):
    waiting = {"state": "collectible", "expires_at": NOW - now * SECOND}
    facts, command = the_facts(settled=0, payout=waiting), Returned(PAYOUT, "KES")
    if code is not None:
        assert refusal(decide_returned, command, facts).code is code
        return
    decision = decide_returned(command, facts)
    assert moves(decision) == {TRANSIT: -15_000, 11: 15_000}
    assert wordings(decision) == {msisdn_of(MERCHANT): "payout_failed"}


@pytest.mark.parametrize(
    ("state", "batch_state"),
    [("requested", None), ("requested", "waiting_approval"), ("requested", "released"),
     ("sent", "sent"), ("unknown", "sent"), ("paid", "sent"), ("failed", "declined")],
)  # fmt: skip
def test_only_what_never_left_us_is_taken_back(state, batch_state):
    facts = the_facts(payout={"state": state, "batch_state": batch_state})
    refused = refusal(decide_returned, Returned(PAYOUT, "KES"), facts)
    assert (refused.code, refused.facts) == (Code.INCORRECT_STATE, {"state": state})


def test_a_payout_of_a_declined_batch_goes_back():
    facts = the_facts(settled=0, payout={"state": "requested", "batch_state": "declined"})
    assert moves(decide_returned(Returned(PAYOUT, "KES"), facts))[11] == 15_000


# What the bank says ------------------------------------------------------------------------------


def test_paid_leaves_the_trust_account_and_the_fee_is_earned():
    decision = decide_settled(Settled(PAYOUT, "KES", paid=True), the_facts(payout={}))
    assert moves(decision) == {TRANSIT: -15_000, TRUST: 10_000, FEES: FEE}
    assert wordings(decision) == {msisdn_of(MERCHANT): "payout_paid"}
    assert decision.answer["reference"] == reference(PAYOUT)


@pytest.mark.rule(
    "A failed payout goes back to the merchant with its fee, and the merchant is told."
)
def test_failed_goes_back_to_the_merchant_fee_included():
    command = Settled(PAYOUT, "KES", paid=False, failure="no such account")
    decision = decide_settled(command, the_facts(settled=100, payout={}))
    assert moves(decision) == {TRANSIT: -15_000, 11: 15_000}
    assert "The money is back. Balance KSh 151.00." in text_body(decision.texts[0])
    (row,) = (row for row in decision.rows if isinstance(row, PayoutSettled))
    assert (row.payout.state, row.failure) == ("failed", "no such account")


def test_a_free_payout_earns_nothing():
    decision = decide_settled(Settled(PAYOUT, "KES", paid=True), the_facts(payout={"fee_minor": 0}))
    assert moves(decision) == {TRANSIT: -10_000, TRUST: 10_000}


def test_an_unknown_one_is_settled_like_any_other():
    decision = decide_settled(
        Settled(PAYOUT, "KES", paid=True), the_facts(payout={"state": "unknown"})
    )
    assert moves(decision)[TRUST] == 10_000


def test_a_failure_pauses_the_schedule_and_says_so():
    facts = the_facts(payout={"is_scheduled": True})
    decision = decide_settled(Settled(PAYOUT, "KES", paid=False), facts)
    assert SchedulePaused(MERCHANT, "KES", NOW) in decision.rows
    assert [each.name for each in decision.texts] == ["payout_failed", "payouts_paused"]


@pytest.mark.parametrize("state", ["requested", "collectible", "paid", "failed"])
def test_only_what_was_sent_to_the_bank_can_be_settled(state):
    facts = the_facts(payout={"state": state})
    refused = refusal(decide_settled, Settled(PAYOUT, "KES", paid=True), facts)
    assert (refused.code, refused.facts) == (Code.INCORRECT_STATE, {"state": state})


def test_an_unknown_payout_is_not_settled():
    refused = refusal(decide_settled, Settled(PAYOUT, "KES", paid=True), the_facts())
    assert refused.code is Code.NOT_FOUND


def test_paid_and_failed_share_one_key_so_the_banks_first_word_stands():
    paid, failed = (Settled(PAYOUT, "KES", paid=paid) for paid in (True, False))
    assert paid.key == failed.key != Settled(PAYOUT + 1, "KES", paid=True).key
