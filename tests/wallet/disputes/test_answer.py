"""Answer: who may say what when, what conceding moves, and how long the other side has then."""

from dataclasses import replace
from datetime import timedelta

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
from tests.wallet.contracts.facts import OWN, PAYEE, PAYER, PAYER_ACCOUNT, STRANGER
from tests.wallet.disputes.facts import (
    ANSWER,
    DISPUTE,
    DUE,
    PERIOD_END,
    after,
    dispute_facts,
    frozen_after,
    kes,
)  # fmt: skip
from wallet.disputes.answer import ACTS, Command, decide
from wallet.disputes.records import NEXT, STATES, Attachment
from wallet.errors import Code
from wallet.money import Money
from wallet.service import text_body

LATER = NOW + timedelta(hours=5)


def a_command(act="contest", actor=PAYEE, pin=PIN, amount=None, split=None, **more):
    if act == "propose" and split is None:
        split = (1_000, 3_000)
    to_payee, to_payer = split or (None, None)
    return Command(
        actor, KEY, pin, OWN, DISPUTE, act, kes(amount), kes(to_payee), kes(to_payer), **more
    )


def the_facts(dispute={}, *, late=False, **more):  # noqa: B006 -- never changed
    return dispute_facts(dispute, now=DUE if late else NOW, **more)


FAULTS: list[Fault] = [
    (Code.CONTRACT_UNKNOWN, {"contract": None}),
    (Code.CONTRACT_UNKNOWN, {"actor": STRANGER}),
    (Code.SENDER_CLOSED, {"payee": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"payee": {"status": "frozen"}}),
    (Code.DISPUTE_UNKNOWN, {"dispute": None}),
    *pin_faults("payee"),
    (Code.DISPUTE_CLOSED, {"dispute": {"state": "closed"}}),
    (Code.DISPUTE_PAST_DUE, {"late": True}),
    (Code.NOT_YOUR_TURN, {"dispute": {"state": "answered"}}),
    (Code.MORE_THAN_DISPUTED, {"amount": 4_001}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_an_answer_is_refused_in_code_order(wrong, code):
    payee = wrong.get("payee") or {}
    if "pin_locked_until" in payee:  # the lock must outlast the time that a later row lets pass
        payee["pin_locked_until"] = DUE + timedelta(seconds=1)

    def conceding(actor=PAYEE, pin=PIN, amount=None):
        return a_command("concede", actor, pin, amount)

    assert code_of(decide, conceding, the_facts, wrong) is code


def test_a_dispute_of_another_contract_is_none_of_this():
    refused = refusal(decide, a_command(), the_facts({"contract_id": OWN + 1}))
    assert refused.code is Code.DISPUTE_UNKNOWN


@pytest.mark.parametrize("name", ["amount", "to_payee", "to_payer"])
def test_another_currency_is_refused_before_the_pin_is_tried(name):
    command = replace(a_command("concede"), **{name: Money("USD", 1)})
    assert refusal(decide, command, the_facts()).code is Code.CURRENCY_NOT_SUPPORTED


@pytest.mark.rule("Who may say what in which state of a dispute is one table.")
@pytest.mark.parametrize("state", [state for state in STATES if state != "closed"])
@pytest.mark.parametrize(("actor", "side"), [(PAYER, "payer"), (PAYEE, "payee")])
@pytest.mark.parametrize("act", ACTS)
def test_each_side_says_what_the_table_allows_and_nothing_else(state, actor, side, act):
    facts, command = the_facts({"state": state}), a_command(act, actor)
    following = NEXT.get((state, side, act))
    if following is None:
        assert refusal(decide, command, facts).code is Code.NOT_YOUR_TURN
    else:
        expected = "closed" if act == "concede" else following
        assert after(decide(command, facts)).state == expected


@pytest.mark.fault("The clock at a dispute's date, and just before it", "past, and not past")
@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=1)])
def test_an_answer_at_its_time_or_later_is_refused(late):
    refused = refusal(decide, a_command(), dispute_facts(now=DUE + late))
    assert (refused.code, refused.facts) == (Code.DISPUTE_PAST_DUE, {"due_at": DUE.isoformat()})


@pytest.mark.fault("The clock at a dispute's date, and just before it", "past, and not past")
def test_one_second_before_its_time_an_answer_counts():
    decision = decide(a_command(), dispute_facts(now=DUE - timedelta(seconds=1)))
    assert after(decision).state == "answered"


# The payee answers -------------------------------------------------------------------------------


@pytest.mark.rule("What the payee concedes returns at once, and what remains counts as contested.")
def test_what_is_conceded_returns_at_once_and_the_remainder_counts_as_contested():
    decision = decide(a_command("concede", amount=1_500), dispute_facts(now=LATER))
    assert moves(decision) == {OWN: -1_500, PAYER_ACCOUNT: 1_500}
    dispute = after(decision)
    assert (dispute.state, dispute.open_minor, dispute.due_at) == (
        "answered", 2_500, LATER + ANSWER,
    )  # fmt: skip
    assert frozen_after(decision) == 2_500


def test_conceding_all_ends_the_dispute():
    decision = decide(a_command("concede"), the_facts())
    dispute = after(decision)
    assert moves(decision) == {OWN: -4_000, PAYER_ACCOUNT: 4_000}
    assert (dispute.state, dispute.outcome, dispute.due_at) == ("closed", "conceded", None)
    assert (dispute.closed_at, frozen_after(decision)) == (NOW, 0)


@pytest.mark.rule("The payee's answer gives the payer an answering time of their own.")
def test_contesting_gives_the_payer_their_answering_time():
    decision = decide(a_command(), dispute_facts(now=LATER))
    assert moves(decision) == {}
    assert (after(decision).state, after(decision).due_at) == ("answered", LATER + ANSWER)


def test_a_proposal_stands_for_the_other_side_to_accept():
    dispute = after(decide(a_command("propose", split=(1_000, 3_000)), the_facts()))
    assert (dispute.offer("payee"), dispute.offer("payer")) == (Money("KES", 1_000), None)


@pytest.mark.rule("A proposal gives out exactly what is open.")
@pytest.mark.parametrize("split", [(1_000, 2_999), (1_000, 3_001), (4_001, None), (None, 3_999)])
def test_a_proposal_gives_out_exactly_what_is_open(split):
    refused = refusal(decide, a_command("propose", split=split), the_facts())
    assert (refused.code, refused.facts) == (Code.SPLIT_NOT_WHOLE, {"disputed": "40.00"})


@pytest.mark.parametrize("split", [(4_000, None), (None, 4_000)])
def test_a_proposal_may_give_all_to_one_side(split):
    dispute = after(decide(a_command("propose", split=split), the_facts()))
    assert dispute.payee_offer_minor == (split[0] or 0)


# The payer answers -------------------------------------------------------------------------------


@pytest.mark.rule(
    "When both have spoken they have until the end of the period, and an answering time at least."
)
def test_when_both_have_spoken_they_have_until_the_end_of_the_period():
    facts = dispute_facts({"state": "answered"}, now=LATER)
    dispute = after(decide(a_command("contest", PAYER), facts))
    assert (dispute.state, dispute.due_at) == ("negotiating", PERIOD_END)


@pytest.mark.rule(
    "When both have spoken they have until the end of the period, and an answering time at least."
)
def test_who_speaks_near_the_end_of_the_period_leaves_an_answering_time_at_least():
    late = PERIOD_END - timedelta(hours=1)
    facts = dispute_facts({"state": "answered", "due_at": PERIOD_END}, now=late)
    assert after(decide(a_command("contest", PAYER), facts)).due_at == late + ANSWER


def test_contesting_leaves_what_the_other_proposed_standing():
    facts = the_facts({"state": "answered", "payee_offer": 2_000})
    assert after(decide(a_command("contest", PAYER), facts)).payee_offer_minor == 2_000


@pytest.mark.rule("A counter-proposal replaces one's own and buys no time.")
@pytest.mark.parametrize(("actor", "side"), [(PAYER, "payer"), (PAYEE, "payee")])
def test_a_counter_proposal_replaces_the_own_one_and_buys_no_time(actor, side):
    ends = NOW + timedelta(hours=1)
    known = {"state": "negotiating", "due_at": ends, "payer_offer": 500, "payee_offer": 2_000}
    dispute = after(decide(a_command("propose", actor, split=(900, 3_100)), the_facts(known)))
    other = {"payer": "payee", "payee": "payer"}[side]
    assert dispute.offer(side) == Money("KES", 900)
    assert dispute.offer(other) == Money("KES", 2_000 if other == "payee" else 500)
    assert (dispute.state, dispute.due_at) == ("negotiating", ends)


def test_a_move_of_the_disputed_part_voids_what_was_proposed_for_it():
    known = {"payer_offer": 500, "payee_offer": 2_000}
    dispute = after(decide(a_command("concede", amount=1), the_facts(known)))
    assert (dispute.payer_offer_minor, dispute.payee_offer_minor) == (None, None)


# What they are told ------------------------------------------------------------------------------

STEPS = [
    ("raised", "contest", PAYEE, None, "dispute_contested_payer", "dispute_contested_payee"),
    ("raised", "propose", PAYEE, None, "dispute_offered_payer", "dispute_offered_payee"),
    ("raised", "concede", PAYEE, None, "returned_payer", "returned_payee"),
    ("raised", "concede", PAYEE, 1_000, "dispute_conceded_payer", "dispute_conceded_payee"),
    ("answered", "contest", PAYER, None, "dispute_disagreed", "dispute_disagreed"),
    ("answered", "propose", PAYER, None, "dispute_proposed", "dispute_proposal"),
    ("negotiating", "propose", PAYER, None, "dispute_proposed", "dispute_proposal"),
    ("negotiating", "propose", PAYEE, None, "dispute_proposal", "dispute_proposed"),
]


@pytest.mark.rule("Both sides of a dispute are told at every step.")
@pytest.mark.parametrize(("state", "act", "actor", "amount", "to_payer", "to_payee"), STEPS)
def test_both_are_told_at_every_step(state, act, actor, amount, to_payer, to_payee):
    decision = decide(a_command(act, actor, amount=amount), the_facts({"state": state}))
    assert wordings(decision) == {msisdn_of(1): to_payer, msisdn_of(2): to_payee}
    for each in decision.texts:
        assert text_body(each)


def test_each_reads_a_proposal_from_their_own_side():
    decision = decide(a_command("propose", split=(1_000, 3_000)), the_facts())
    to_payer, to_payee = map(text_body, decision.texts)
    assert "Person 2 proposes: KSh 30.00 back to you, KSh 10.00 to them." in to_payer
    assert "You proposed: KSh 10.00 to you, KSh 30.00 back to Person 1." in to_payee


def test_what_a_side_says_is_kept_for_who_may_have_to_decide():
    proof = Attachment("delivery", "cd" * 32)
    answer = decide(a_command(text="both were dry", attachments=(proof,)), the_facts()).answer
    assert (answer["text"], answer["attachments"]) == ("both were dry", [proof.json])
    assert (answer["state"], answer["due_at"]) == ("answered", DUE.isoformat())
