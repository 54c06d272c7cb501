"""Visits: each pays one step of a plan, confirmed by its payer or by their code, never more."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.facts import (
    KEY,
    NOW,
    PIN,
    Fault,
    code_of,
    in_code_order,
    moves,
    msisdn_of,
    pin_faults,
    refusal,
    wordings,
)  # fmt: skip
from tests.wallet.contracts.facts import (
    DEADLINE,
    OWN,
    PAYEE,
    PAYEE_ACCOUNT,
    PAYER,
    STRANGER,
    contract_facts,
)  # fmt: skip
from wallet.contracts.records import Contract, ContractMoved
from wallet.errors import Code
from wallet.escrow import give_back, release
from wallet.money import Money
from wallet.plans.visit import AskCode, Command, Redeem, decide, decide_ask_code, decide_redeem
from wallet.plans.visit_codes import CODE_TRIES, VisitCode, code_mac

SECRET = b"s" * 32
RIGHT, WRONG = code_mac(SECRET, OWN, "482913"), code_mac(SECRET, OWN, "482914")


NO_CHANGES: dict[str, Any] = {}


def plan_facts(
    *, contract=NO_CHANGES, done=0, steps=3, amount=10_000, code=None, deadline=DEADLINE, **others
):
    """A plan of which `done` steps were confirmed; `contract` None: there is none."""
    if contract is None:
        return contract_facts(contract=None, **others)
    released = amount if done == steps else amount // steps * done
    facts = contract_facts(contract={"amount": amount, "released": released, **contract}, **others)
    plan = {
        "deadline_at": deadline,
        "origin": "plan",
        "steps": steps,
        "steps_done": done,
        "at_deadline": "return",
    }
    facts.records[(Contract, OWN)] = replace(facts.records[(Contract, OWN)], **plan)
    facts.records |= {} if code is None else {(VisitCode, OWN): a_code(**code)}
    return facts


def a_code(**changes):
    values: dict[str, Any] = {
        "id": OWN, "code_mac": RIGHT, "wrong_tries": 0, "asked_at": NOW,
        "expires_at": NOW + timedelta(minutes=10), "used_at": None,
    }  # fmt: skip
    return VisitCode(**values | changes)


def a_visit(actor=PAYER, pin=PIN):
    return Command(actor, KEY, pin, OWN)


def an_asking(actor=PAYER, pin=PIN):
    return AskCode(actor, KEY, pin, OWN, RIGHT)


def a_redeeming(actor=PAYEE, mac=RIGHT):
    return Redeem(actor, KEY, OWN, mac)


def moved(decision):
    (row,) = (row.contract for row in decision.rows if isinstance(row, ContractMoved))
    return row


FAULTS: list[Fault] = [
    (Code.CONTRACT_UNKNOWN, {"contract": None}),
    (Code.CONTRACT_UNKNOWN, {"actor": STRANGER}),
    (Code.NOT_A_PARTY, {"actor": PAYEE}),
    (Code.SENDER_CLOSED, {"payer": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"payer": {"status": "frozen"}}),
    *pin_faults("payer"),
    (Code.CONTRACT_CLOSED, {"contract": {"returned": 10_000}}),
    (Code.CONTRACT_PAST_DEADLINE, {"deadline": NOW}),
]


@pytest.mark.parametrize(("decides", "command"), [(decide, a_visit), (decide_ask_code, an_asking)])
@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_a_payer_s_visit_and_code_are_refused_in_code_order(wrong, code, decides, command):
    assert code_of(decides, command, plan_facts, wrong) is code


@pytest.mark.parametrize(("decides", "command"), [(decide, a_visit), (decide_ask_code, an_asking)])
def test_what_is_no_plan_has_no_visits(decides, command):
    assert refusal(decides, command(), contract_facts()).code is Code.NOT_A_PLAN


@pytest.mark.rule("Each confirmed visit pays one step, and the last takes the remainder.")
def test_each_visit_pays_one_step_and_the_last_takes_the_remainder():
    paid = [moves(decide(a_visit(), plan_facts(done=done)))[PAYEE_ACCOUNT] for done in range(3)]
    assert paid == [3_333, 3_333, 3_334]


@pytest.mark.parametrize(("amount", "steps"), [(10_000, 3), (2, 2), (199, 100), (100_001, 7)])
def test_all_steps_together_are_the_price_to_the_cent(amount, steps):
    paid = [
        moves(decide(a_visit(), plan_facts(amount=amount, steps=steps, done=done)))[PAYEE_ACCOUNT]
        for done in range(steps)
    ]
    assert sum(paid) == amount
    assert min(paid) == amount // steps > 0


def test_the_last_visit_closes_the_plan():
    before = moved(decide(a_visit(), plan_facts(done=1)))
    assert (before.steps_done, before.closed_at) == (2, None)
    last = moved(decide(a_visit(), plan_facts(done=2)))
    assert (last.steps_done, last.closed_at, last.held.minor) == (3, NOW, 0)


def test_until_just_before_the_deadline_visits_are_confirmed():
    facts = plan_facts(now=DEADLINE - timedelta(microseconds=1))
    assert moves(decide(a_visit(), facts))[PAYEE_ACCOUNT] == 3_333


def test_both_sides_are_told_which_visit_it_was():
    decision = decide(a_visit(), plan_facts(done=1))
    assert wordings(decision) == {
        msisdn_of(PAYER): "visit_payer", msisdn_of(PAYEE): "visit_payee",
    }  # fmt: skip
    assert [(each.values["step"], each.values["steps"]) for each in decision.texts] == [
        ("2", "3"), ("2", "3"),
    ]  # fmt: skip


def test_a_code_is_kept_as_its_mac_for_ten_minutes_and_told_nowhere():
    decision = decide_ask_code(an_asking(), plan_facts())
    (code,) = decision.rows
    assert code == a_code()
    assert "code" not in decision.answer


def test_a_code_does_not_outlive_its_plan():
    now = DEADLINE - timedelta(minutes=1)
    (code,) = decide_ask_code(an_asking(), plan_facts(now=now)).rows
    assert isinstance(code, VisitCode)
    assert code.expires_at == DEADLINE


REDEEM_FAULTS: list[Fault] = [
    (Code.CONTRACT_UNKNOWN, {"contract": None}),
    (Code.CONTRACT_UNKNOWN, {"actor": STRANGER}),
    (Code.NOT_A_PARTY, {"actor": PAYER}),
    (Code.SENDER_CLOSED, {"payee": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"payee": {"status": "frozen"}}),
    (Code.RECEIVER_CLOSED, {"payer": {"status": "closed"}}),
    (Code.RECEIVER_FROZEN, {"payer": {"status": "frozen"}}),
    (Code.VISIT_CODE_WRONG, {"mac": WRONG}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(REDEEM_FAULTS))
def test_redeeming_is_refused_in_code_order(wrong, code):
    assert code_of(decide_redeem, a_redeeming, plan_facts, {"code": {}, **wrong}) is code


@pytest.mark.parametrize(
    "code",
    [
        None,
        {"used_at": NOW},
        {"expires_at": NOW},
        {"wrong_tries": CODE_TRIES},
    ],
    ids=["none was asked for", "used", "too old", "guessed at too often"],
)
def test_a_code_that_is_no_longer_good_pays_nothing_though_it_is_right(code):
    assert refusal(decide_redeem, a_redeeming(), plan_facts(code=code)).code is (
        Code.VISIT_CODE_EXPIRED
    )


def test_a_right_code_pays_one_step_and_is_used():
    decision = decide_redeem(a_redeeming(), plan_facts(code={}))
    assert moves(decision) == {OWN: -3_333, PAYEE_ACCOUNT: 3_333}
    assert moved(decision).steps_done == 1
    (code,) = (row for row in decision.rows if isinstance(row, VisitCode))
    assert code.used_at == NOW


def test_a_wrong_code_counts_a_try_and_the_fifth_kills_it():
    for before in range(CODE_TRIES):
        facts = plan_facts(code={"wrong_tries": before})
        refused = refusal(decide_redeem, a_redeeming(mac=WRONG), facts)
        (row,) = refused.rows
        assert isinstance(row, VisitCode)
        assert (refused.code, row.wrong_tries) == (Code.VISIT_CODE_WRONG, before + 1)
        assert refused.facts == {"attempts_left": CODE_TRIES - before - 1}


@pytest.mark.parametrize("wrong", [{"contract": {"returned": 10_000}}, {"now": DEADLINE}])
def test_a_right_code_of_a_plan_that_has_ended_is_refused_and_not_used(wrong):
    facts = plan_facts(code={"expires_at": DEADLINE + timedelta(days=1)}, **wrong)
    refused = refusal(decide_redeem, a_redeeming(), facts)
    assert refused.code in {Code.CONTRACT_CLOSED, Code.CONTRACT_PAST_DEADLINE}
    assert refused.rows == ()


@pytest.mark.rule("A plan is not released by amount: nothing is paid out before it is earned.")
@pytest.mark.parametrize("minor", [None, 3_333, 10_000])
def test_a_plan_is_not_released_by_amount_nor_as_a_whole(minor):
    amount = None if minor is None else Money("KES", minor)
    command = release.Command(PAYER, KEY, PIN, OWN, amount)
    refused = refusal(release.decide, command, plan_facts())
    assert (refused.code, refused.facts) == (Code.PAID_BY_VISIT, {"left": 3})


@pytest.mark.rule("A merchant closes a plan by returning all that is left, and no part of it.")
def test_a_merchant_closes_a_plan_by_returning_all_that_is_left():
    for amount in (None, Money("KES", 6_667)):
        command = give_back.Command(PAYEE, KEY, PIN, OWN, amount)
        decision = give_back.decide(command, plan_facts(done=1))
        assert (moved(decision).returned_minor, moved(decision).closed_at) == (6_667, NOW)


@pytest.mark.rule("A merchant closes a plan by returning all that is left, and no part of it.")
def test_a_merchant_returns_no_part_of_a_plan():
    command = give_back.Command(PAYEE, KEY, PIN, OWN, Money("KES", 6_666))
    assert refusal(give_back.decide, command, plan_facts(done=1)).code is Code.PAID_BY_VISIT
