"""Accept: one side takes the other's proposal by its amounts, and the money moves both ways."""

from datetime import timedelta

import pytest

from tests.facts import (
    KEY,
    NOW,
    PIN,
    Fault,
    cents,
    code_of,
    in_code_order,
    moves,
    msisdn_of,
    pin_faults,
    refusal,
    wordings,
)  # fmt: skip
from tests.wallet.contracts.facts import OWN, PAYEE, PAYEE_ACCOUNT, PAYER, PAYER_ACCOUNT, STRANGER
from tests.wallet.disputes.facts import DISPUTE, DUE, after, dispute_facts, frozen_after, kes
from wallet.disputes.accept import Command, decide
from wallet.errors import Code
from wallet.money import Money
from wallet.service import text_body

OFFERED = {"state": "answered", "payee_offer": 1_000}


def a_command(actor=PAYER, pin=PIN, split=(1_000, 3_000)):
    return Command(actor, KEY, pin, OWN, DISPUTE, kes(split[0]), kes(split[1]))


def the_facts(dispute=OFFERED, *, late=False, **more):
    return dispute_facts(dispute, now=DUE if late else NOW, **more)


FAULTS: list[Fault] = [
    (Code.CONTRACT_UNKNOWN, {"contract": None}),
    (Code.CONTRACT_UNKNOWN, {"actor": STRANGER}),
    (Code.SENDER_CLOSED, {"payer": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"payer": {"status": "frozen"}}),
    (Code.DISPUTE_UNKNOWN, {"dispute": None}),
    *pin_faults("payer"),
    (Code.DISPUTE_CLOSED, {"dispute": {"state": "closed"}}),
    (Code.DISPUTE_PAST_DUE, {"late": True}),
    (Code.NOT_YOUR_TURN, {"dispute": {"state": "raised"}}),
    (Code.PROPOSAL_CHANGED, {"split": (1_001, 2_999)}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_an_acceptance_is_refused_in_code_order(wrong, code):
    payer = wrong.get("payer") or {}
    if "pin_locked_until" in payer:  # the lock must outlast the time that a later row lets pass
        payer["pin_locked_until"] = DUE + timedelta(seconds=1)
    assert code_of(decide, a_command, the_facts, wrong) is code


@pytest.mark.rule("An accepted split moves the money at once.")
def test_an_accepted_split_moves_the_money_at_once_both_ways():
    decision = decide(a_command(), the_facts())
    dispute = after(decision)
    assert moves(decision) == {OWN: -4_000, PAYEE_ACCOUNT: 1_000, PAYER_ACCOUNT: 3_000}
    assert (dispute.state, dispute.outcome, dispute.due_at) == ("closed", "agreed", None)
    assert (dispute.released.minor, dispute.returned.minor) == (1_000, 3_000)
    assert frozen_after(decision) == 0


@pytest.mark.parametrize("offer", [0, 4_000])
def test_a_split_may_give_all_to_one_side(offer):
    facts = the_facts({"state": "answered", "payee_offer": offer})
    split = (offer or None, (4_000 - offer) or None)
    decision = decide(a_command(split=split), facts)
    goes_to = PAYEE_ACCOUNT if offer else PAYER_ACCOUNT
    assert moves(decision) == {OWN: -4_000, goes_to: 4_000}


@pytest.mark.rule("Nobody accepts what they proposed themselves.")
def test_nobody_accepts_what_they_proposed_themselves():
    facts = the_facts({"state": "negotiating", "payer_offer": 1_000})
    assert refusal(decide, a_command(PAYER), facts).code is Code.PROPOSAL_CHANGED
    assert decide(a_command(PAYEE), facts).posting.legs


@pytest.mark.rule(
    "Who accepts names the amounts, so that a proposal that changed meanwhile is not accepted."
)
def test_a_proposal_that_changed_meanwhile_is_not_accepted_and_the_new_one_is_told():
    facts = the_facts({"state": "negotiating", "payee_offer": 1_500})
    refused = refusal(decide, a_command(), facts)
    assert refused.code is Code.PROPOSAL_CHANGED
    assert refused.facts["to_payer"] == {"amount": "25.00", "currency": "KES"}


def test_a_proposal_for_another_open_amount_is_not_accepted():
    """After a part was returned, the same share of the payee's is another split."""
    facts = the_facts({"state": "negotiating", "open_minor": 3_000, "payee_offer": 1_000})
    assert refusal(decide, a_command(), facts).code is Code.PROPOSAL_CHANGED


def test_amounts_in_another_currency_are_refused():
    command = Command(PAYER, KEY, PIN, OWN, DISPUTE, Money("USD", 1_000), Money("USD", 3_000))
    assert refusal(decide, command, the_facts()).code is Code.CURRENCY_NOT_SUPPORTED


@pytest.mark.parametrize(("actor", "sender"), [(PAYER, PAYER), (PAYEE, PAYEE)])
def test_the_statement_names_who_accepted_as_the_one_who_acted(actor, sender):
    known = {"state": "negotiating", "payer_offer": 1_000, "payee_offer": 1_000}
    posting = decide(a_command(actor), the_facts(known)).posting
    assert (posting.sender_id, posting.original_id) == (sender, OWN)


def test_both_are_told_what_each_got():
    decision = decide(a_command(), the_facts())
    assert wordings(decision) == {
        msisdn_of(1): "dispute_agreed_payer", msisdn_of(2): "dispute_agreed_payee",
    }  # fmt: skip
    to_payer, to_payee = map(text_body, decision.texts)
    assert "KSh 30.00 is back with you, KSh 10.00 went to them. Balance KSh 40.00." in to_payer
    assert "KSh 10.00 is yours, KSh 30.00 went back to them." in to_payee
    assert cents(decision.answer, "to_payer") == "30.00"
