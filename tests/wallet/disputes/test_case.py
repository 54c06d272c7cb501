"""During a dispute both may still release and return: the rest, or the part by its dispute."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.facts import KEY, NOW, PIN, an_account, moves, msisdn_of, refusal
from tests.wallet.contracts.facts import (
    DEADLINE,
    OWN,
    PAYEE,
    PAYEE_ACCOUNT,
    PAYER,
    PAYER_ACCOUNT,
)  # fmt: skip
from tests.wallet.disputes.facts import DISPUTE, DUE, after, dispute_facts, frozen_after, kes
from tests.wallet.merchants.pricings import a_pricing
from wallet.contracts.records import Contract
from wallet.disputes import accept, silence, split
from wallet.disputes.records import DisputeMoved
from wallet.errors import Code
from wallet.escrow import give_back, release
from wallet.money import Money

OPEN_STATES = ("raised", "answered", "negotiating", "escalated")
ACTS = (
    (release, PAYER, PAYEE_ACCOUNT, "released"),
    (give_back, PAYEE, PAYER_ACCOUNT, "returned"),
)
both_ways = pytest.mark.parametrize(("flow", "actor", "goes_to", "outcome"), ACTS)


def an_act(flow, actor, amount=None, dispute_id=DISPUTE):
    return flow.Command(actor, KEY, PIN, OWN, kes(amount), dispute_id)


@pytest.mark.rule(
    "During a dispute both may still release and return, naming the disputed part or the rest."
)
@both_ways
@pytest.mark.parametrize("state", OPEN_STATES)
def test_a_disputed_part_may_move_in_the_others_favour_at_any_time(
    flow, actor, goes_to, outcome, state
):
    decision = flow.decide(an_act(flow, actor, 1_500), dispute_facts({"state": state}))
    dispute = after(decision)
    assert moves(decision) == {OWN: -1_500, goes_to: 1_500}
    assert (dispute.state, dispute.open_minor, dispute.due_at) == (state, 2_500, DUE)
    assert frozen_after(decision) == 2_500


@both_ways
def test_without_an_amount_all_that_is_open_moves_and_the_dispute_ends(
    flow, actor, goes_to, outcome
):
    decision = flow.decide(an_act(flow, actor), dispute_facts())
    assert moves(decision) == {OWN: -4_000, goes_to: 4_000}
    assert (after(decision).state, after(decision).outcome) == ("closed", outcome)
    assert decision.answer["disputed"] == {"amount": "0.00", "currency": "KES"}


@pytest.mark.rule(
    "During a dispute both may still release and return, naming the disputed part or the rest."
)
@both_ways
def test_the_undisputed_rest_moves_without_touching_the_dispute(flow, actor, goes_to, outcome):
    decision = flow.decide(an_act(flow, actor, dispute_id=None), dispute_facts())
    assert moves(decision) == {OWN: -6_000, goes_to: 6_000}
    assert not [row for row in decision.rows if isinstance(row, DisputeMoved)]
    assert frozen_after(decision) == 4_000


@pytest.mark.fault(
    "A release or return of more than the disputed part it names",
    "`more_than_disputed`",
)
@both_ways
def test_more_than_the_disputed_part_is_refused(flow, actor, goes_to, outcome):
    refused = refusal(flow.decide, an_act(flow, actor, 4_001), dispute_facts())
    assert (refused.code, refused.facts) == (Code.MORE_THAN_DISPUTED, {"disputed": "40.00"})


@pytest.mark.fault("A release or return of more than the undisputed rest", "`more_than_held`")
@both_ways
def test_more_than_the_undisputed_rest_is_refused(flow, actor, goes_to, outcome):
    refused = refusal(flow.decide, an_act(flow, actor, 6_001, None), dispute_facts())
    assert (refused.code, refused.facts) == (
        Code.MORE_THAN_HELD, {"held": "60.00", "disputed": "40.00"},
    )  # fmt: skip


@pytest.mark.rule("A move of the disputed part voids what was proposed for it.")
@both_ways
def test_a_move_voids_what_either_side_had_proposed(flow, actor, goes_to, outcome):
    facts = dispute_facts({"state": "negotiating", "payer_offer": 1_000, "payee_offer": 2_000})
    dispute = after(flow.decide(an_act(flow, actor, 1), facts))
    assert (dispute.payer_offer_minor, dispute.payee_offer_minor) == (None, None)


@pytest.mark.fault(
    "An act after the dispute closed, or past its time",
    "`dispute_closed`, `dispute_past_due`",
)
@both_ways
def test_a_dispute_that_is_none_over_or_past_its_time_is_refused(flow, actor, goes_to, outcome):
    command = an_act(flow, actor)
    for known, now, code in (
        (None, NOW, Code.DISPUTE_UNKNOWN),
        ({"contract_id": OWN + 1}, NOW, Code.DISPUTE_UNKNOWN),
        ({"state": "closed"}, NOW, Code.DISPUTE_CLOSED),
        ({}, DUE, Code.DISPUTE_PAST_DUE),
    ):
        assert refusal(flow.decide, command, dispute_facts(known, now=now)).code is code


@pytest.mark.rule("A disputed part may be returned after the deadline too.")
def test_a_disputed_part_is_returned_also_after_the_deadline_and_the_rest_is_not():
    later = DEADLINE + timedelta(seconds=1)
    assert later < DUE
    decision = give_back.decide(an_act(give_back, PAYEE), dispute_facts(now=later))
    assert moves(decision) == {OWN: -4_000, PAYER_ACCOUNT: 4_000}
    refused = refusal(
        give_back.decide, an_act(give_back, PAYEE, dispute_id=None), dispute_facts(now=later)
    )
    assert refused.code is Code.CONTRACT_PAST_DEADLINE


@pytest.mark.rule("What is not disputed keeps its deadline.")
def test_the_rest_keeps_its_deadline_and_leaves_the_disputed_part():
    decision = release.decide_due(release.Due(OWN), dispute_facts(now=DEADLINE))
    assert moves(decision) == {OWN: -6_000, PAYEE_ACCOUNT: 6_000}
    assert frozen_after(decision) == 4_000


def test_a_contract_closes_with_its_last_dispute():
    facts = dispute_facts(contract={"released": 6_000})
    decision = give_back.decide(an_act(give_back, PAYEE), facts)
    closed = [row.contract.closed_at for row in decision.rows if hasattr(row, "contract")]
    assert closed == [NOW]


def priced_facts(state, **dispute):
    """The merchant pays 2.5 % of what is released to them."""
    facts = dispute_facts({"state": state, **dispute})
    contract = replace(facts.records[(Contract, OWN)], pricing=a_pricing(PAYEE, commission_bps=250))
    facts.records[(Contract, OWN)] = contract
    facts.add_account(an_account(905, None, kind="commissions"))
    return facts


SPLIT = (kes(1_000), kes(3_000))
WAYS: tuple[Any, ...] = (
    (release, an_act(release, PAYER, 1_000), "raised", {}, 25),
    (accept, accept.Command(PAYER, KEY, PIN, OWN, DISPUTE, *SPLIT), "answered",
     {"payee_offer": 1_000}, 25),
    (split, split.Command(501, KEY, OWN, DISPUTE, *SPLIT, "why"), "escalated", {}, 25),
    (silence, silence.Command(OWN, DISPUTE, "answered"), "answered", {"due_at": NOW}, 100),
)  # fmt: skip


@pytest.mark.parametrize(("flow", "command", "state", "dispute", "commission"), WAYS)
def test_commission_is_taken_of_what_is_released_and_not_of_what_returns(
    flow, command, state, dispute, commission
):
    decision = flow.decide(command, priced_facts(state, **dispute))
    (taken,) = decision.then
    assert [leg.amount.minor for leg in taken.legs] == [-commission, commission]
    text = next(text for text in decision.texts if text.msisdn == msisdn_of(PAYEE))
    assert text.values["fee"] == Money("KES", commission).shown
