"""Payout: asked for, then paid or failed; refusals in the order of `Code`."""

from dataclasses import replace

import pytest

from tests.facts import (
    FEES,
    KEY,
    NOW,
    PIN,
    TRANSIT,
    TRUST,
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
from wallet.errors import Code
from wallet.escrow.destinations import Destinations, Place
from wallet.escrow.payouts import Destination, NewPayout, Payout, PayoutSettled, Terms
from wallet.flows.payout import Command, Settled, decide, decide_settled
from wallet.money import Money
from wallet.service import text_body

MERCHANT, PAYOUT, HOME = 1, 66, 55
FEE, LARGEST = 5_000, 10_000_000_000
BANK = Destination("01", "001234567", "Duka Ltd")
A_PAYOUT = Payout(PAYOUT, MERCHANT, "KES", 10_000, FEE, "sent", BANK)


def a_command(amount=10_000, pin=PIN):
    return Command(MERCHANT, KEY, pin, Money("KES", amount))


def the_facts(
    *, settled=15_000, is_merchant=True, has_account=True, bank=BANK, merchant=None, payout=None
):
    accounts = [an_account(11, MERCHANT, settled, "settlement")] if has_account else []
    records: list[object] = [Terms(MERCHANT, bank and HOME)] if is_merchant else []
    if bank is not None:
        place = Place(HOME, MERCHANT, bank, "confirmed", NOW, NOW, NOW)
        records.append(Destinations(MERCHANT, (place,)))
    if payout is not None:
        records.append(replace(A_PAYOUT, **payout))
    return some_facts([a_holder(MERCHANT, **merchant or {})], accounts, records=records)


FAULTS: list[Fault] = [
    (Code.FORBIDDEN, {"is_merchant": False}),
    (Code.SENDER_CLOSED, {"merchant": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"merchant": {"status": "frozen"}}),
    (Code.NO_WALLET_IN_CURRENCY, {"has_account": False}),
    *pin_faults("merchant"),
    (Code.PAYOUT_DESTINATION_MISSING, {"bank": None}),
    (Code.GREATER_THAN_TRANSACTION_MAX_VALUE, {"amount": LARGEST + 1}),
    (Code.INSUFFICIENT_FUNDS, {"settled": 0}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_payout_is_refused_in_code_order(wrong, code):
    assert code_of(decide, a_command, the_facts, wrong) is code


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


# What the bank says ------------------------------------------------------------------------------


def test_paid_leaves_the_trust_account_and_the_fee_is_earned():
    decision = decide_settled(Settled(PAYOUT, "KES", paid=True), the_facts(payout={}))
    assert moves(decision) == {TRANSIT: -15_000, TRUST: 10_000, FEES: FEE}
    assert wordings(decision) == {msisdn_of(MERCHANT): "payout_paid"}
    assert decision.answer["reference"] == reference(PAYOUT)


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


@pytest.mark.parametrize("state", ["requested", "paid", "failed"])
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
