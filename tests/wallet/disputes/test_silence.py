"""Silence: every time of a dispute has an end, and every end an outcome. Nothing stays locked."""

from datetime import timedelta

import pytest

from tests.facts import Fault, code_of, in_code_order, moves, refusal, wordings
from tests.wallet.contracts.facts import OWN, PAYEE_ACCOUNT, PAYER_ACCOUNT
from tests.wallet.disputes.facts import (
    DISPUTE,
    DUE,
    FINAL,
    PERIOD_END,
    after,
    dispute_facts,
    frozen_after,
)
from wallet.disputes.records import NEXT, STATES
from wallet.disputes.silence import Command, decide
from wallet.errors import Code
from wallet.service import text_body


def a_command(state="raised"):
    return Command(OWN, DISPUTE, state)


def the_facts(dispute={}, *, early=False, late=timedelta(0), **more):  # noqa: B006 -- never changed
    now = DUE - timedelta(seconds=1) if early else DUE + late
    return dispute_facts(dispute, now=now, **more)


FAULTS: list[Fault] = [
    (Code.DISPUTE_UNKNOWN, {"dispute": None}),
    (Code.DISPUTE_CLOSED, {"dispute": {"state": "closed"}}),
    (Code.DISPUTE_NOT_DUE, {"early": True}),
    (Code.NOT_YOUR_TURN, {"state": "answered"}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_silence_is_refused_in_code_order(wrong, code):
    assert code_of(decide, a_command, the_facts, wrong) is code


def test_without_its_contract_there_is_no_dispute():
    facts = dispute_facts(None, contract=None)
    assert refusal(decide, a_command(), facts).code is Code.CONTRACT_UNKNOWN


@pytest.mark.rule("A payee who is silent past their time loses all that is open.")
@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=1), timedelta(days=400)])
def test_a_payee_who_does_not_answer_loses_all_that_is_open(late):
    decision = decide(a_command(), the_facts({"open_minor": 3_000}, late=late))
    assert moves(decision) == {OWN: -3_000, PAYER_ACCOUNT: 3_000}
    assert (after(decision).state, after(decision).outcome) == ("closed", "payee_silent")
    assert frozen_after(decision) == 0


@pytest.mark.rule("A payer who is silent past their time loses all that is open.")
def test_a_payer_who_does_not_answer_loses_all_that_is_open():
    decision = decide(a_command("answered"), the_facts({"state": "answered"}))
    assert moves(decision) == {OWN: -4_000, PAYEE_ACCOUNT: 4_000}
    assert (after(decision).state, after(decision).outcome) == ("closed", "payer_silent")


@pytest.mark.rule(
    "What is not agreed by the end of the period goes to an operator, whose time counts from then."
)
@pytest.mark.parametrize("late", [timedelta(0), timedelta(days=400)])
def test_not_agreed_in_time_goes_to_an_operator_whose_time_counts_from_then(late):
    known = {"state": "negotiating", "due_at": PERIOD_END, "payer_offer": 1, "payee_offer": 2}
    decision = decide(a_command("negotiating"), dispute_facts(known, now=PERIOD_END + late))
    dispute = after(decision)
    assert moves(decision) == {}
    assert (dispute.state, dispute.due_at) == ("escalated", PERIOD_END + FINAL)
    assert (dispute.payer_offer_minor, dispute.payee_offer_minor) == (None, None)


@pytest.mark.rule("Where the operator does nothing, the market's default applies.")
def test_where_the_operator_does_nothing_the_markets_default_applies():
    decision = decide(a_command("escalated"), the_facts({"state": "escalated"}))
    assert moves(decision) == {OWN: -4_000, PAYEE_ACCOUNT: 2_000, PAYER_ACCOUNT: 2_000}
    assert (after(decision).state, after(decision).outcome) == ("closed", "defaulted")


@pytest.mark.parametrize(("open_minor", "payees"), [(1, 0), (2, 1), (3, 1)])
def test_the_default_gives_out_the_last_cent(open_minor, payees):
    facts = the_facts({"state": "escalated", "amount": 3, "open_minor": open_minor})
    moved = moves(decide(a_command("escalated"), facts))
    assert moved.get(PAYEE_ACCOUNT, 0) == payees
    assert moved[OWN] == -open_minor


def test_silence_asks_nobodys_leave():
    gone = {"status": "frozen", "pin": None}
    assert decide(a_command(), the_facts(payer=gone, payee=gone)).posting.legs


def test_every_state_but_the_last_ends_by_itself():
    ends = {state for state, who, _ in NEXT if who == "nobody"}
    assert ends == set(STATES) - {"closed"}


def test_no_state_comes_twice_so_each_silence_happens_once():
    order = list(STATES)
    for (state, _, _), following in NEXT.items():
        assert order.index(following) >= order.index(state)
    keys = {a_command(state).key for state in STATES}
    assert len(keys) == len(STATES)
    assert a_command().key == a_command().key != Command(OWN, DISPUTE + 1, "raised").key


@pytest.mark.rule("Both sides of a dispute are told at every step.")
@pytest.mark.parametrize(
    ("state", "wording"),
    [
        ("raised", "dispute_payee_silent_{}"),
        ("answered", "dispute_payer_silent_{}"),
        ("negotiating", "dispute_escalated"),
        ("escalated", "dispute_defaulted_{}"),
    ],
)
def test_both_are_told_what_silence_led_to(state, wording):
    decision = decide(a_command(state), the_facts({"state": state}))
    told = list(wordings(decision).values())
    assert told == [wording.format("payer"), wording.format("payee")]
    assert all(map(text_body, decision.texts))
