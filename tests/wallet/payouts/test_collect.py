"""Collect: cash for the phone and the code that a merchant shows, once."""

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
)
from wallet.destinations.records import Destination
from wallet.errors import Code
from wallet.payouts.collect import Command, decide
from wallet.payouts.records import CASH_CODE, CodeGuessed, Payout, PayoutSettled
from wallet.people.one_time import OneTimeCode

MERCHANT, AGENT, PAYOUT = 1, 2, 66
CODE, WRONG_CODE = OneTimeCode("48291307"), OneTimeCode("00000000")
SECOND = timedelta(seconds=1)
A_PAYOUT = Payout(
    PAYOUT, MERCHANT, "KES", 10_000, 6_000, "collectible", Destination(kind="cash"), 55,
    CODE.made(CASH_CODE, PAYOUT, PIN_KEYS), 0, NOW + SECOND,
)  # fmt: skip


def a_command(actor=AGENT, pin=PIN, code=CODE, msisdn=None):
    return Command(actor, KEY, pin, msisdn or msisdn_of(MERCHANT), code, PAYOUT, "KES")


def the_facts(*, payout={}, merchant=None, agent=None, has_float=True):  # noqa: B006 -- never changed
    keeper = {"agent_number": "20417", "agent_name": "Kiosk", **(agent or {})}
    holders = [
        a_holder(MERCHANT, agent_number="30000", **merchant or {}),
        a_holder(AGENT, **keeper),
    ]
    accounts = [an_account(21, AGENT, 500, "float")] if has_float else []
    accounts.append(an_account(22, MERCHANT, 500, "float"))
    records = [] if payout is None else [replace(A_PAYOUT, **payout)]
    return some_facts(holders, accounts, records=records)


FAULTS: list[Fault] = [
    (Code.SAME_PARTIES, {"actor": MERCHANT}),
    (Code.SENDER_CLOSED, {"agent": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"agent": {"status": "frozen"}}),
    (Code.RECEIVER_FROZEN, {"merchant": {"status": "frozen"}}),
    (Code.NOT_AN_AGENT, {"has_float": False}),
    *pin_faults("agent"),
    (Code.CASH_CODE_WRONG, {"code": WRONG_CODE}),
    (Code.CASH_AT_OTHER_AGENT, {"payout": {"destination": Destination("", "10001", "", "cash")}}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_collecting_is_refused_in_code_order(wrong, code):
    assert code_of(decide, a_command, the_facts, wrong) is code


def test_the_agent_has_the_amount_in_their_float_and_the_fee_is_earned():
    decision = decide(a_command(), the_facts())
    assert moves(decision) == {TRANSIT: -16_000, 21: 10_000, FEES: 6_000}
    (row,) = (row for row in decision.rows if isinstance(row, PayoutSettled))
    assert (row.payout.state, row.collected_by) == ("paid", AGENT)
    assert wordings(decision) == {
        msisdn_of(MERCHANT): "payout_collected",
        msisdn_of(AGENT): "payout_collected_agent",
    }


def test_the_agent_who_was_named_may_pay():
    named = {"destination": Destination("", "20417", "", "cash")}
    assert decide(a_command(), the_facts(payout=named)).posting.legs


@pytest.mark.parametrize(
    "payout",
    [
        None,
        {"state": "paid"},
        {"state": "failed"},
        {"expires_at": NOW},
        {"expires_at": NOW - SECOND},
    ],
)
def test_a_code_is_good_once_and_until_its_time(payout):
    refused = refusal(decide, a_command(), the_facts(payout=payout))
    assert (refused.code, refused.rows) == (Code.CASH_CODE_WRONG, ())


def test_the_phone_must_be_the_merchants():
    refused = refusal(decide, a_command(msisdn=msisdn_of(AGENT)), the_facts())
    assert refused.code is Code.CASH_CODE_WRONG


def test_at_the_fifth_wrong_code_it_expires_so_that_it_goes_back():
    facts = the_facts()
    expires_at = None
    for left in (4, 3, 2, 1, 0):
        refused = refusal(decide, a_command(code=WRONG_CODE), facts)
        assert refused.facts == {"attempts_left": left}
        (row,) = refused.rows
        assert isinstance(row, CodeGuessed)
        row.apply(facts)
        expires_at = row.payout.expires_at
    assert expires_at == NOW
    assert refusal(decide, a_command(), facts).code is Code.CASH_CODE_WRONG
