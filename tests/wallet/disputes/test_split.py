"""Split: an operator decides what the two could not agree on; above an amount, two operators."""

from datetime import timedelta

import pytest

from tests.facts import (
    KEY,
    NOW,
    Fault,
    code_of,
    in_code_order,
    moves,
    refusal,
    wordings,
)  # fmt: skip
from tests.wallet.contracts.facts import OWN, PAYEE, PAYEE_ACCOUNT, PAYER, PAYER_ACCOUNT
from tests.wallet.disputes.facts import DISPUTE, DUE, TERMS, after, dispute_facts, frozen_after, kes
from wallet.disputes.split import Command, decide
from wallet.errors import Code
from wallet.money import Money
from wallet.service import text_body

OPERATOR, SECOND = 501, 502
LIMIT = TERMS.four_eyes_above_minor["KES"]


def a_command(actor=OPERATOR, split=(1_000, 3_000), approved_by=None):
    return Command(
        actor, KEY, OWN, DISPUTE, kes(split[0]), kes(split[1]), "one bag of two was wet",
        approved_by,
    )  # fmt: skip


def the_facts(dispute={}, *, late=False, **more):  # noqa: B006 -- never changed
    return dispute_facts({"state": "escalated", **dispute}, now=DUE if late else NOW, **more)


FAULTS: list[Fault] = [
    (Code.FORBIDDEN, {"actor": PAYEE}),
    (Code.DISPUTE_CLOSED, {"dispute": {"state": "closed"}}),
    (Code.DISPUTE_PAST_DUE, {"late": True}),
    (Code.NOT_YOUR_TURN, {"dispute": {"state": "negotiating"}}),
    (Code.SPLIT_NOT_WHOLE, {"split": (1_000, 3_001)}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_a_decision_is_refused_in_code_order(wrong, code):
    assert code_of(decide, a_command, the_facts, wrong) is code


def test_a_dispute_that_there_is_not_cannot_be_decided():
    assert refusal(decide, a_command(), dispute_facts(None)).code is Code.DISPUTE_UNKNOWN
    nothing = dispute_facts(None, contract=None)
    assert refusal(decide, a_command(), nothing).code is Code.CONTRACT_UNKNOWN


@pytest.mark.rule("An operator decides nothing before the two have had their time.")
@pytest.mark.parametrize("state", ["raised", "answered", "negotiating"])
def test_an_operator_decides_nothing_before_the_two_have_had_their_time(state):
    refused = refusal(decide, a_command(), the_facts({"state": state}))
    assert refused.code is Code.NOT_YOUR_TURN


@pytest.mark.rule("Who is party to a dispute neither decides nor approves.")
@pytest.mark.parametrize("party", [PAYER, PAYEE])
@pytest.mark.parametrize("part", ["actor", "approved_by"])
def test_who_is_party_to_a_dispute_neither_decides_nor_approves(party, part):
    refused = refusal(decide, a_command(**{part: party}), the_facts())
    assert refused.code is Code.FORBIDDEN


@pytest.mark.rule("The operator splits the disputed part with a reason that both are told.")
def test_a_decision_moves_the_money_both_ways_and_ends_the_dispute():
    decision = decide(a_command(), the_facts())
    dispute = after(decision)
    assert moves(decision) == {OWN: -4_000, PAYEE_ACCOUNT: 1_000, PAYER_ACCOUNT: 3_000}
    assert (dispute.state, dispute.outcome, frozen_after(decision)) == ("closed", "decided", 0)


@pytest.mark.parametrize(
    ("split", "goes_to"), [((4_000, None), PAYEE_ACCOUNT), ((None, 4_000), PAYER_ACCOUNT)]
)
def test_a_decision_may_give_all_to_one_side(split, goes_to):
    assert moves(decide(a_command(split=split), the_facts())) == {OWN: -4_000, goes_to: 4_000}


def test_amounts_in_another_currency_are_refused():
    command = Command(OPERATOR, KEY, OWN, DISPUTE, Money("USD", 4_000), None, "why")
    assert refusal(decide, command, the_facts()).code is Code.CURRENCY_NOT_SUPPORTED


def test_one_second_before_the_end_an_operator_may_still_decide():
    facts = dispute_facts({"state": "escalated"}, now=DUE - timedelta(seconds=1))
    assert decide(a_command(), facts).posting.legs


@pytest.mark.rule("Above the market's amount a dispute takes two operators.")
def test_up_to_the_markets_amount_one_operator_decides_and_above_it_two():
    def big(amount):
        facts = the_facts({"amount": amount}, contract={"amount": amount, "returned": 0})
        facts.accounts[OWN].balance_minor = amount
        return facts

    assert decide(a_command(split=(LIMIT, None)), big(LIMIT)).posting.legs
    alone = a_command(split=(LIMIT + 1, None))
    assert refusal(decide, alone, big(LIMIT + 1)).code is Code.APPROVAL_NEEDED
    approved = a_command(split=(LIMIT + 1, None), approved_by=SECOND)
    assert decide(approved, big(LIMIT + 1)).posting.legs


@pytest.mark.rule("The operator splits the disputed part with a reason that both are told.")
def test_both_are_told_the_split_and_the_reason():
    decision = decide(a_command(), the_facts())
    assert set(wordings(decision).values()) == {"dispute_decided_payer", "dispute_decided_payee"}
    for each in decision.texts:
        assert "Reason: one bag of two was wet." in text_body(each)
    assert decision.answer["reason"] == "one bag of two was wet"
