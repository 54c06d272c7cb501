"""Dispute: raised by the payer before the deadline; refusals in the order of `Code`."""

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
    PAYER,
    STRANGER,
    a_contract,
    contract_facts,
)
from tests.wallet.disputes.facts import DUE, PERIOD_END
from wallet.contracts.records import Contract, ContractMoved
from wallet.disputes.dispute import Command, decide
from wallet.disputes.records import MOST_DISPUTES, Attachment, Disputed, NewDispute
from wallet.errors import Code
from wallet.money import Money
from wallet.service import text_body


def a_command(amount=4_000, pin=PIN, actor=PAYER, currency="KES", **more):
    part = None if amount is None else Money(currency, amount)
    return Command(actor, KEY, pin, OWN, "damaged", part, **more)


def raised(decision):
    (row,) = (row for row in decision.rows if isinstance(row, NewDispute))
    return row


FAULTS: list[Fault] = [
    (Code.CONTRACT_UNKNOWN, {"contract": None}),
    (Code.CONTRACT_UNKNOWN, {"actor": STRANGER}),
    (Code.NOT_A_PARTY, {"actor": PAYEE}),
    (Code.SENDER_CLOSED, {"payer": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"payer": {"status": "frozen"}}),
    *pin_faults("payer"),
    (Code.CONTRACT_CLOSED, {"contract": {"released": 10_000}}),
    (Code.CONTRACT_PAST_DEADLINE, {"now": DEADLINE}),
    (Code.MORE_THAN_HELD, {"amount": 10_001}),
]


@pytest.mark.fault("A dispute of more than is held and undisputed", "`more_than_held`")
@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_a_dispute_is_refused_in_code_order(wrong, code):
    payer = wrong.get("payer") or {}
    if "pin_locked_until" in payer:  # the lock must outlast the deadline of a later row
        payer["pin_locked_until"] = DEADLINE + timedelta(seconds=1)
    assert code_of(decide, a_command, contract_facts, wrong) is code


def test_a_part_in_another_currency_is_refused_before_the_pin_is_tried():
    refused = refusal(decide, a_command(100, WRONG_PIN, currency="USD"), contract_facts())
    assert (refused.code, refused.rows) == (Code.CURRENCY_NOT_SUPPORTED, ())


@pytest.mark.rule("Only the disputed part freezes, and nothing moves.")
def test_only_the_disputed_part_freezes_and_nothing_moves():
    decision = decide(a_command(), contract_facts())
    (moved,) = (row.contract for row in decision.rows if isinstance(row, ContractMoved))
    assert moves(decision) == {}
    assert (moved.disputed_minor, moved.rest.minor, moved.deadline_at) == (4_000, 6_000, DEADLINE)


@pytest.mark.rule("The payee has the answering time first.")
def test_a_dispute_begins_with_the_payees_turn_and_their_answering_time():
    dispute = raised(decide(a_command(), contract_facts())).dispute
    assert (dispute.state, dispute.due_at, dispute.period_ends_at) == ("raised", DUE, PERIOD_END)
    assert (dispute.amount_minor, dispute.open_minor, dispute.reason_code) == (
        4_000, 4_000, "damaged",
    )  # fmt: skip


def test_without_an_amount_all_that_is_not_disputed_yet_is():
    facts = contract_facts(contract={"released": 1_000, "disputed": 2_000})
    assert raised(decide(a_command(None), facts)).dispute.amount_minor == 7_000


@pytest.mark.rule("Several disputes of one contract take parts that do not overlap.")
def test_several_disputes_take_disjoint_parts():
    decision = decide(a_command(4_000), contract_facts(contract={"disputed": 6_000}))
    (moved,) = (row.contract for row in decision.rows if isinstance(row, ContractMoved))
    assert (moved.disputed_minor, moved.rest.minor) == (10_000, 0)
    refused = refusal(decide, a_command(4_001), contract_facts(contract={"disputed": 6_000}))
    assert (refused.code, refused.facts["held"]) == (Code.MORE_THAN_HELD, "40.00")


@pytest.mark.fault("A dispute of more than is held and undisputed", "`more_than_held`")
def test_what_is_all_disputed_cannot_be_disputed_again():
    facts = contract_facts(contract={"disputed": 10_000})
    assert refusal(decide, a_command(None), facts).code is Code.MORE_THAN_HELD


def test_one_second_before_the_deadline_the_payer_may_still_dispute():
    decision = decide(a_command(), contract_facts(now=DEADLINE - timedelta(seconds=1)))
    assert raised(decision).dispute.state == "raised"


@pytest.mark.rule("What comes back to the payer by itself is not disputed.")
@pytest.mark.parametrize("changed", [{"at_deadline": "return"}, {"payee_id": None}])
def test_what_comes_back_by_itself_is_not_disputed(changed):
    facts = contract_facts()
    facts.records[(Contract, OWN)] = replace(a_contract(), **changed)
    assert refusal(decide, a_command(), facts).code is Code.INCORRECT_STATE


@pytest.mark.rule("A contract is disputed twenty times at most.")
def test_a_contract_is_disputed_so_often_and_no_more():
    facts = contract_facts()
    facts.records[(Disputed, OWN)] = Disputed(OWN, MOST_DISPUTES - 1)
    (row,) = (row for row in decide(a_command(), facts).rows if isinstance(row, NewDispute))
    row.apply(facts)
    refused = refusal(decide, a_command(), facts)
    assert (refused.code, refused.facts) == (Code.TOO_MANY_DISPUTES, {"most": MOST_DISPUTES})


@pytest.mark.rule(
    "A dispute has a reason, and may have words and documents named by reference and hash, which "
    "are kept."
)
def test_words_and_documents_are_kept_and_told():
    attachment = Attachment("photo-1", "ab" * 32)
    decision = decide(a_command(text="wet", attachments=(attachment,)), contract_facts())
    row = raised(decision)
    assert (row.text, row.attachments) == ("wet", (attachment,))
    assert decision.answer["attachments"] == [{"reference": "photo-1", "sha256": "ab" * 32}]
    assert (decision.answer["reason_code"], decision.answer["text"]) == ("damaged", "wet")
    assert '"sha256":"abab' in row.written_attachments


def test_both_are_told_of_a_dispute_and_by_when_it_is_to_be_answered():
    decision = decide(a_command(), contract_facts())
    assert wordings(decision) == {
        msisdn_of(1): "dispute_raised_payer", msisdn_of(2): "dispute_raised_payee",
    }  # fmt: skip
    to_payer, to_payee = map(text_body, decision.texts)
    assert "You dispute KSh 40.00 held for Person 2." in to_payer
    assert "Person 1 0711000001 disputes KSh 40.00. Answer by 8 Jan 12:00: dial *384" in to_payee
