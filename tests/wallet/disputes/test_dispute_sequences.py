"""Any sequence of acts on a contract with disputes: nothing is lost, locked, or taken for oneself.

The rules run on facts without a database; what they decide is applied as a batch applies it.
"""

from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.facts import PIN
from tests.wallet.contracts.facts import (
    OWN,
    PAYEE,
    PAYEE_ACCOUNT,
    PAYER,
    PAYER_ACCOUNT,
    contract_facts,
)
from tests.wallet.disputes.facts import TERMS
from wallet.contracts.records import Contract
from wallet.disputes import accept, answer, dispute, silence, split
from wallet.disputes.records import Dispute
from wallet.errors import Refused
from wallet.escrow import give_back, release
from wallet.ledger.writing import Writes
from wallet.money import Money

OPERATOR = 501
PARTIES = st.sampled_from([PAYER, PAYEE])
AMOUNTS = st.integers(1, 10_000).map(lambda minor: Money("KES", minor))
SOME = st.one_of(st.none(), AMOUNTS)
SHARE = st.integers(0, 100)
WHICH = st.integers(0, 3)
WAITS = st.sampled_from([0, 1, 60, 3_600, TERMS.answer_s - 1, TERMS.answer_s, TERMS.period_s])
# An act, who does it, which dispute (None: the undisputed rest), and how.
STEPS = st.one_of(
    st.tuples(st.just("dispute"), st.just(PAYER), SOME),
    st.tuples(st.sampled_from(["contest", "accept"]), PARTIES, WHICH, st.none()),
    st.tuples(st.just("propose"), PARTIES, WHICH, SHARE),
    st.tuples(st.just("concede"), PARTIES, WHICH, SOME),
    st.tuples(st.just("decide"), st.just(OPERATOR), WHICH, SHARE),
    st.tuples(st.sampled_from(["release", "return"]), PARTIES, st.none() | WHICH, SOME),
    st.tuples(st.just("wait"), st.just(0), WAITS),
)

# What may have gone before, so that each state is come to often.
RAISE = ("dispute", PAYER, Money("KES", 4_000))
CONTESTED, DISAGREED = (("contest", who, 0, None) for who in (PAYEE, PAYER))
OFFER = ("propose", PAYEE, 0, 30)
BEGINNINGS = (
    (), (RAISE,), (RAISE, CONTESTED), (RAISE, OFFER), (RAISE, CONTESTED, DISAGREED),
    (RAISE, OFFER, DISAGREED),
    (RAISE, CONTESTED, DISAGREED, ("wait", 0, TERMS.period_s)),
)  # fmt: skip


class Town:
    """One contract, moved on from act to act."""

    def __init__(self):
        self.facts = contract_facts()
        self.writes = Writes(self.facts)

    @property
    def contract(self):
        return self.facts.record(Contract, OWN)

    @property
    def disputes(self):
        return [each for (kind, _), each in self.facts.records.items() if kind is Dispute]

    def balance(self, holder):
        account = PAYER_ACCOUNT if holder == PAYER else PAYEE_ACCOUNT
        return self.facts.accounts[account].balance_minor

    def post(self, flow_decide, command):
        self.facts.turn_to(self.facts.new_id())
        try:
            decision = flow_decide(command, self.facts)
        except Refused:
            return
        self.writes.add(decision, command.actor, uuid4(), b"")

    def act(self, step):
        what, actor, *more = step
        if what == "wait":
            self.facts.now += timedelta(seconds=more[0])
            self.heed()
        elif what == "dispute":
            self.post(dispute.decide, dispute.Command(actor, uuid4(), PIN, OWN, "other", *more))
        elif more[0] is None:
            self.post(*moving(what, actor, more[1]))
        elif self.disputes:
            one = self.disputes[more[0] % len(self.disputes)]
            make = moving if what in {"release", "return"} else answering
            self.post(*make(what, actor, more[1], one))

    def heed(self):
        """Do what the worker does."""
        self.post(release.decide_due, release.Due(OWN))
        for each in self.disputes:
            self.post(silence.decide, silence.Command(OWN, each.id, each.state))


def moving(what, actor, amount, one=None):
    flow = release if what == "release" else give_back
    named = None if one is None else one.id
    return flow.decide, flow.Command(actor, uuid4(), PIN, OWN, amount, named)


def answering(what, actor, how, one):
    """`how` is an amount or a share in per cent, where the act has one."""
    start = (actor, uuid4(), PIN, OWN, one.id)
    if what == "concede":
        return answer.decide, answer.Command(*start, what, how)
    if what == "contest":
        return answer.decide, answer.Command(*start, what)
    offered = one.offer("payee" if actor == PAYER else "payer")
    share = Money("KES", one.open_minor * (how or 0) // 100)
    if what == "accept":
        share = offered or share
        return accept.decide, accept.Command(*start, share, one.open - share)
    if what == "propose":
        return answer.decide, answer.Command(*start, what, None, share, one.open - share)
    command = split.Command(actor, uuid4(), OWN, one.id, share, one.open - share, "why")
    return split.decide, command


def check(town):
    contract = town.contract
    assert town.facts.accounts[OWN].balance_minor == contract.held.minor
    assert contract.disputed_minor == sum(each.open_minor for each in town.disputes)
    assert (contract.closed_at is None) == contract.held.is_positive
    for each in town.disputes:
        assert (each.due_at is None) == (each.state == "closed") == (each.open_minor == 0)
        if each.state == "escalated":
            assert each.payer_offer_minor is each.payee_offer_minor is None


@pytest.mark.rule(
    "No sequence of one party's own acts, without an act or a silence of the other, raises that "
    "party's balance."
)
@settings(max_examples=150, deadline=None)
@given(st.sampled_from(BEGINNINGS), st.lists(STEPS, min_size=1, max_size=12))
def test_no_act_of_ones_own_raises_ones_balance_and_nothing_stays_locked(beginning, steps):
    town = Town()
    total = town.balance(PAYER) + town.balance(PAYEE) + town.contract.held.minor
    for step in (*beginning, *steps):
        before = town.balance(step[1]) if step[1] in {PAYER, PAYEE} else None
        town.act(step)
        check(town)
        if before is not None and step[0] != "accept":  # which takes what the other proposed
            assert town.balance(step[1]) == before
    for _ in range(3):
        town.facts.now += timedelta(seconds=TERMS.period_s + TERMS.final_s)
        town.heed()
        check(town)
    assert town.contract.held.minor == 0
    assert town.balance(PAYER) + town.balance(PAYEE) == total
