"""Decline: the payee of an offer gives all of it back; refusals in the order of `Code`."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.facts import (
    KEY,
    PIN,
    WRONG_PIN,
    Fault,
    cents,
    code_of,
    in_code_order,
    moves,
    msisdn_of,
    pin_faults,
    refusal,
    wordings,
)
from tests.wallet.contracts.facts import (
    DEADLINE,
    OWN,
    PAYEE,
    PAYER,
    PAYER_ACCOUNT,
    STRANGER,
    contract_facts,
)
from wallet.contracts.records import Contract, ContractMoved
from wallet.errors import Code
from wallet.escrow.decline import Command, decide

ONE_BEFORE = DEADLINE - timedelta(microseconds=1)


def a_command(pin=PIN, actor=PAYEE):
    return Command(actor, KEY, pin, OWN)


def the_facts(origin="offer", **facts):
    """The contract of an offer and its parties."""
    found = contract_facts(**facts)
    contract = found.record(Contract, OWN)
    if contract is not None:
        found.records[(Contract, OWN)] = replace(contract, origin=origin, till=None)
    return found


FAULTS: list[Fault] = [
    (Code.CONTRACT_UNKNOWN, {"contract": None}),
    (Code.CONTRACT_UNKNOWN, {"actor": STRANGER}),
    (Code.NOT_A_PARTY, {"actor": PAYER}),
    (Code.SENDER_CLOSED, {"payee": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"payee": {"status": "frozen"}}),
    *pin_faults("payee"),
    (Code.CONTRACT_CLOSED, {"contract": {"released": 10_000}}),
    (Code.CONTRACT_PAST_DEADLINE, {"now": DEADLINE}),
    (Code.MORE_THAN_HELD, {"contract": {"disputed": 10_000}}),
    (Code.INCORRECT_STATE, {"origin": "payment"}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_a_decline_is_refused_in_code_order(wrong, code):
    if code is Code.PIN_LOCKED:  # by the deadline it is over
        wrong = wrong | {"now": DEADLINE - timedelta(days=1)}
    assert code_of(decide, a_command, the_facts, wrong) is code


@pytest.mark.rule(
    "The payee of an offer may decline it, which returns all of the rest and costs nothing."
)
def test_all_of_the_rest_returns_to_the_payer_and_costs_nothing():
    decision = decide(a_command(), the_facts(contract={"released": 2_000, "returned": 1_000}))
    assert moves(decision) == {OWN: -7_000, PAYER_ACCOUNT: 7_000}
    (moved,) = (row.contract for row in decision.rows if isinstance(row, ContractMoved))
    assert (moved.returned_minor, moved.closed_at is not None) == (8_000, True)
    assert (cents(decision.answer, "amount"), cents(decision.answer, "held")) == ("70.00", "0.00")


def test_what_is_disputed_stays_with_its_dispute():
    decision = decide(a_command(), the_facts(contract={"disputed": 4_000}))
    assert moves(decision) == {OWN: -6_000, PAYER_ACCOUNT: 6_000}
    (moved,) = (row.contract for row in decision.rows if isinstance(row, ContractMoved))
    assert (moved.disputed_minor, moved.closed_at) == (4_000, None)


def test_until_just_before_the_deadline():
    assert decide(a_command(), the_facts(now=ONE_BEFORE)).posting.legs
    assert refusal(decide, a_command(), the_facts(now=DEADLINE)).code is Code.CONTRACT_PAST_DEADLINE


@pytest.mark.rule("Only an offer is declined; a till's payment is returned.")
@pytest.mark.parametrize("origin", ["payment", "plan", "claim"])
def test_only_an_offer_is_declined(origin):
    assert refusal(decide, a_command(), the_facts(origin)).facts == {"state": origin}


def test_both_are_told():
    assert wordings(decide(a_command(), the_facts())) == {
        msisdn_of(PAYER): "declined_payer",
        msisdn_of(PAYEE): "declined_payee",
    }


def test_it_is_in_the_contracts_timeline_as_the_payees_act():
    posting = decide(a_command(), the_facts()).posting
    assert (posting.kind, posting.original_id) == ("decline", OWN)
    assert (posting.sender_id, posting.receiver_id) == (PAYEE, PAYER)


def test_a_wrong_pin_is_counted():
    assert refusal(decide, a_command(WRONG_PIN), the_facts()).rows
