"""Return: by the payee before the deadline; refusals in the order of `Code`."""

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
    PAYER,
    PAYER_ACCOUNT,
    STRANGER,
    contract_facts,
)  # fmt: skip
from wallet.contracts.records import ContractMoved
from wallet.errors import Code
from wallet.escrow.give_back import Command, decide
from wallet.money import Money
from wallet.service import text_body


def a_command(amount=None, pin=PIN, actor=PAYEE, currency="KES"):
    part = None if amount is None else Money(currency, amount)
    return Command(actor, KEY, pin, OWN, part)


FAULTS: list[Fault] = [
    (Code.CONTRACT_UNKNOWN, {"contract": None}),
    (Code.CONTRACT_UNKNOWN, {"actor": STRANGER}),
    (Code.NOT_A_PARTY, {"actor": PAYER, "payer": {"status": "frozen", "pin": None}}),
    (Code.SENDER_CLOSED, {"payee": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"payee": {"status": "frozen"}}),
    *pin_faults("payee"),
    (Code.CONTRACT_CLOSED, {"contract": {"released": 10_000}}),
    (Code.CONTRACT_PAST_DEADLINE, {"now": DEADLINE}),
    (Code.MORE_THAN_HELD, {"amount": 10_001}),
]


@pytest.mark.fault("A return of more than is held", "`more_than_held`")
@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_return_is_refused_in_code_order(wrong, code):
    # A PIN lock must outlast the deadline that another row puts behind us.
    for who in (wrong.get("payee"), wrong.get("payer")):
        if who is not None and "pin_locked_until" in who:
            who["pin_locked_until"] = DEADLINE + timedelta(seconds=1)
    assert code_of(decide, a_command, contract_facts, wrong) is code


def test_a_part_in_another_currency_is_refused_before_the_pin_is_tried():
    refused = refusal(decide, a_command(100, WRONG_PIN, currency="USD"), contract_facts())
    assert (refused.code, refused.rows) == (Code.CURRENCY_NOT_SUPPORTED, ())


@pytest.mark.rule("The payee returns to the payer, in whole or in part, as often as they like.")
def test_a_part_goes_back_and_the_rest_stays_held():
    decision = decide(a_command(4_000), contract_facts(contract={"released": 1_000}))
    assert moves(decision) == {OWN: -4_000, PAYER_ACCOUNT: 4_000}
    (moved,) = (row.contract for row in decision.rows if isinstance(row, ContractMoved))
    assert (moved.released_minor, moved.returned_minor, moved.held.minor) == (1_000, 4_000, 5_000)
    assert moved.closed_at is None


@pytest.mark.rule("The payee returns to the payer, in whole or in part, as often as they like.")
def test_without_an_amount_all_that_is_held_goes_back():
    facts = contract_facts(contract={"released": 1_000})
    decision = decide(a_command(), facts)
    assert moves(decision) == {OWN: -9_000, PAYER_ACCOUNT: 9_000}
    (moved,) = (row.contract for row in decision.rows if isinstance(row, ContractMoved))
    assert moved.closed_at == facts.now


def test_one_second_before_the_deadline_the_payee_may_still_return():
    assert decide(a_command(), contract_facts(now=DEADLINE - timedelta(seconds=1))).posting.legs


@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=1)])
def test_from_the_deadline_on_the_rest_is_the_payees_own(late):
    refused = refusal(decide, a_command(), contract_facts(now=DEADLINE + late))
    assert refused.code is Code.CONTRACT_PAST_DEADLINE


def test_both_are_told_of_a_return():
    decision = decide(a_command(4_000), contract_facts())
    assert wordings(decision) == {msisdn_of(1): "returned_payer", msisdn_of(2): "returned_payee"}
    to_payer, to_payee = map(text_body, decision.texts)
    assert (
        "Person 2 returned KSh 40.00 to you. Balance KSh 50.00. Still held: KSh 60.00" in to_payer
    )
    assert "You returned KSh 40.00 to Person 1 0711000001. Still held: KSh 60.00." in to_payee
