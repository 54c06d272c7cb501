"""Release: by the payer at any time, by itself at the deadline; refusals in the order of `Code`."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.facts import (
    KEY,
    PIN,
    WRONG_PIN,
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
    a_contract,
    contract_facts,
)  # fmt: skip
from wallet.clock import reference
from wallet.contracts.records import Contract, ContractMoved
from wallet.errors import Code
from wallet.escrow.release import Command, Due, decide, decide_due
from wallet.money import Money
from wallet.service import text_body


def a_command(amount=None, pin=PIN, actor=PAYER, currency="KES"):
    part = None if amount is None else Money(currency, amount)
    return Command(actor, KEY, pin, OWN, part)


FAULTS: list[Fault] = [
    (Code.CONTRACT_UNKNOWN, {"contract": None}),
    (Code.CONTRACT_UNKNOWN, {"actor": STRANGER}),
    (Code.NOT_A_PARTY, {"actor": PAYEE, "payee": {"status": "frozen", "pin": None}}),
    (Code.SENDER_CLOSED, {"payer": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"payer": {"status": "frozen"}}),
    *pin_faults("payer"),
    (Code.CONTRACT_CLOSED, {"contract": {"released": 10_000}}),
    (Code.MORE_THAN_HELD, {"amount": 10_001}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_release_is_refused_in_code_order(wrong, code):
    assert code_of(decide, a_command, contract_facts, wrong) is code


def test_a_part_in_another_currency_is_refused_before_the_pin_is_tried():
    refused = refusal(decide, a_command(100, WRONG_PIN, currency="USD"), contract_facts())
    assert (refused.code, refused.rows) == (Code.CURRENCY_NOT_SUPPORTED, ())


@pytest.mark.rule("The payer releases to the payee, in whole or in part, as often as they like.")
def test_without_an_amount_all_that_is_held_is_released():
    facts = contract_facts(contract={"released": 1_000, "returned": 2_000})
    decision = decide(a_command(), facts)
    assert moves(decision) == {OWN: -7_000, PAYEE_ACCOUNT: 7_000}
    (moved,) = (row.contract for row in decision.rows if isinstance(row, ContractMoved))
    assert (moved.released_minor, moved.returned_minor, moved.closed_at) == (
        8_000, 2_000, facts.now,
    )  # fmt: skip


@pytest.mark.rule("The payer releases to the payee, in whole or in part, as often as they like.")
def test_a_part_may_be_released_and_the_rest_stays_held():
    decision = decide(a_command(9_999), contract_facts())
    (moved,) = (row.contract for row in decision.rows if isinstance(row, ContractMoved))
    assert (moved.held, moved.closed_at) == (Money("KES", 1), None)
    assert decision.answer["held"] == {"amount": "0.01", "currency": "KES"}


def test_exactly_what_is_held_may_be_released_and_closes_the_contract():
    decision = decide(a_command(10_000), contract_facts())
    (moved,) = (row.contract for row in decision.rows if isinstance(row, ContractMoved))
    assert moved.closed_at is not None


@pytest.mark.fault("A release of more than is held", "`more_than_held`")
def test_one_cent_more_than_held_is_refused():
    refused = refusal(decide, a_command(10_001), contract_facts())
    assert (refused.code, refused.facts) == (Code.MORE_THAN_HELD, {"held": "100.00"})


def test_what_was_released_or_returned_is_no_longer_held():
    facts = contract_facts(contract={"released": 1_000, "returned": 3_000})
    refused = refusal(decide, a_command(6_001), facts)
    assert (refused.code, refused.facts) == (Code.MORE_THAN_HELD, {"held": "60.00"})


def test_the_payer_may_still_release_when_the_worker_is_late():
    assert decide(a_command(), contract_facts(now=DEADLINE + timedelta(hours=1))).posting.legs


def test_money_moved_is_positive_or_it_is_our_bug():
    with pytest.raises(AssertionError):
        a_contract().part(Money("KES", -1))


def test_both_are_told_of_a_release():
    decision = decide(a_command(4_000), contract_facts(settled=500))
    assert wordings(decision) == {msisdn_of(1): "released_payer", msisdn_of(2): "released_payee"}
    to_payer, to_payee = map(text_body, decision.texts)
    assert "You released KSh 40.00 to Person 2. Still held: KSh 60.00." in to_payer
    assert "Balance KSh 45.00. Still held: KSh 60.00." in to_payee


def test_the_answer_names_the_contract():
    assert decide(a_command(), contract_facts()).answer["contract"] == reference(OWN)


# At the deadline ---------------------------------------------------------------------------------


def test_one_second_before_its_deadline_a_contract_is_not_due():
    refused = refusal(decide_due, Due(OWN), contract_facts(now=DEADLINE - timedelta(seconds=1)))
    assert refused.code is Code.CONTRACT_NOT_DUE
    assert refused.facts == {"deadline_at": DEADLINE.isoformat()}


@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=1), timedelta(days=400)])
def test_from_its_deadline_on_what_is_held_goes_to_the_payee(late):
    facts = contract_facts(contract={"returned": 3_000}, now=DEADLINE + late)
    decision = decide_due(Due(OWN), facts)
    assert moves(decision) == {OWN: -7_000, PAYEE_ACCOUNT: 7_000}
    assert wordings(decision) == {
        msisdn_of(1): "released_at_deadline_payer",
        msisdn_of(2): "released_at_deadline_payee",
    }


@pytest.mark.parametrize("status", ["frozen", "closed"])
def test_the_deadline_asks_nobodys_leave(status):
    facts = contract_facts(payer={"status": status}, payee={"status": status}, now=DEADLINE)
    assert decide_due(Due(OWN), facts).posting.legs


DUE_FAULTS: list[Fault] = [
    (Code.CONTRACT_UNKNOWN, {"contract": None}),
    (Code.CONTRACT_CLOSED, {"contract": {"released": 10_000}}),
    (Code.CONTRACT_NOT_DUE, {"now": DEADLINE - timedelta(seconds=1)}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(DUE_FAULTS))
def test_a_due_release_is_refused_in_code_order(wrong, code):
    assert code_of(decide_due, lambda: Due(OWN), contract_facts, wrong) is code


def test_every_worker_that_notices_uses_the_same_key():
    assert Due(OWN).key == Due(OWN).key != Due(OWN + 1).key


def test_the_payer_is_told_the_name_over_the_till():
    facts = contract_facts()
    facts.records[(Contract, OWN)] = replace(a_contract(), merchant="Mama Mboga")
    to_payer = decide(a_command(), facts).texts[0]
    assert "to Mama Mboga" in text_body(to_payer)
