"""Extend: the payee gives the payer more time; refusals in the order of `Code`."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.facts import (
    KEY,
    NOW,
    PIN,
    WRONG_PIN,
    Fault,
    code_of,
    in_code_order,
    msisdn_of,
    pin_faults,
    refusal,
    wordings,
)
from tests.wallet.contracts.facts import DEADLINE, OWN, PAYEE, PAYER, STRANGER, contract_facts
from wallet.contracts.records import Contract, ContractMoved
from wallet.errors import Code
from wallet.escrow.extend import Command, decide
from wallet.service import text_body

ONE = timedelta(microseconds=1)
LAST = NOW + timedelta(days=90)


def a_command(pin=PIN, actor=PAYEE, until=None, days=None):
    if until is None and days is None:
        days = 2
    return Command(actor, KEY, pin, OWN, until, days)


def the_facts(at_deadline="release", **facts):
    found = contract_facts(**facts)
    contract = found.record(Contract, OWN)
    if contract is not None:
        found.records[(Contract, OWN)] = replace(contract, at_deadline=at_deadline)
    return found


def deadline_after(decision):
    (moved,) = (row.contract for row in decision.rows if isinstance(row, ContractMoved))
    return moved.deadline_at


FAULTS: list[Fault] = [
    (Code.PERIOD_OUT_OF_RANGE, {"days": 0}),
    (Code.PERIOD_OUT_OF_RANGE, {"days": 91}),
    (Code.CONTRACT_UNKNOWN, {"contract": None, "days": 90}),
    (Code.CONTRACT_UNKNOWN, {"actor": STRANGER, "days": 90}),
    (Code.NOT_A_PARTY, {"actor": PAYER, "days": 90}),
    (Code.SENDER_CLOSED, {"payee": {"status": "closed"}, "days": 90}),
    (Code.SENDER_FROZEN, {"payee": {"status": "frozen"}, "days": 90}),
    *((code, {**wrong, "days": 90}) for code, wrong in pin_faults("payee")),
    (Code.CONTRACT_CLOSED, {"contract": {"released": 10_000}}),
    (Code.CONTRACT_PAST_DEADLINE, {"now": DEADLINE}),
    (Code.DEADLINE_OUT_OF_RANGE, {"days": 90}),  # the contract is open for a day already
    (Code.INCORRECT_STATE, {"at_deadline": "return", "days": 1}),
]


@pytest.mark.rule("The payee alone may extend the deadline.")
@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_an_extension_is_refused_in_code_order(wrong, code):
    if code is Code.PIN_LOCKED:  # by the deadline it is over
        wrong = wrong | {"now": NOW}
    assert code_of(decide, a_command, the_facts, wrong) is code


def test_days_are_added_to_the_present_deadline():
    decision = decide(a_command(days=3), the_facts())
    assert deadline_after(decision) == DEADLINE + timedelta(days=3)
    assert decision.answer["deadline_before"] == DEADLINE.isoformat()
    assert decision.answer["deadline_at"] == (DEADLINE + timedelta(days=3)).isoformat()


def test_a_moment_may_be_named_in_any_zone():
    until = datetime(2026, 1, 9, 12, tzinfo=timezone(timedelta(hours=3)))
    assert deadline_after(decide(a_command(until=until), the_facts())) == datetime(
        2026, 1, 9, 9, tzinfo=UTC
    )


@pytest.mark.parametrize("until", [DEADLINE + ONE, LAST])
def test_later_than_the_deadline_up_to_ninety_days_after_the_opening(until):
    assert deadline_after(decide(a_command(until=until), the_facts())) == until


@pytest.mark.rule(
    "A deadline is put off to later only, and never beyond ninety days from the opening."
)
@pytest.mark.fault("A deadline out of range", "`deadline_out_of_range`")
@pytest.mark.parametrize(
    "until",
    [
        DEADLINE,
        DEADLINE - ONE,
        LAST + ONE,
        datetime.max.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    ],
)
def test_not_sooner_nor_beyond_ninety_days(until):
    refused = refusal(decide, a_command(until=until), the_facts())
    assert refused.code is Code.DEADLINE_OUT_OF_RANGE
    assert refused.facts == {"after": DEADLINE.isoformat(), "latest": LAST.isoformat()}


def test_until_just_before_the_deadline():
    assert decide(a_command(), the_facts(now=DEADLINE - ONE)).rows
    assert refusal(decide, a_command(), the_facts(now=DEADLINE)).code is Code.CONTRACT_PAST_DEADLINE


@pytest.mark.rule(
    "What returns by itself is not extended: nobody keeps a payer from their own money."
)
def test_nobody_keeps_a_payer_from_what_returns_to_them():
    refused = refusal(decide, a_command(), the_facts("return"))
    assert refused.code is Code.INCORRECT_STATE


def test_no_money_moves_and_it_is_in_the_contracts_timeline():
    posting = decide(a_command(), the_facts()).posting
    assert (posting.legs, posting.kind, posting.original_id) == ((), "extend", OWN)


def test_both_are_told_the_new_deadline_by_their_own_clocks():
    decision = decide(a_command(days=2), the_facts())
    assert wordings(decision) == {
        msisdn_of(PAYER): "extended_payer",
        msisdn_of(PAYEE): "extended_payee",
    }
    assert all("8 Jan 12:00" in text_body(text) for text in decision.texts)


def test_a_wrong_pin_is_counted():
    assert refusal(decide, a_command(WRONG_PIN), the_facts()).rows
