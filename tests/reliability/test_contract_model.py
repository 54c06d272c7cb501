"""Any sequence of acts on held money, with the clock moved anywhere, does what the rules say.

The rules are written down a second time (contract_model.py); hypothesis makes up the sequences;
each act is done to a real service on a real database. After each: the same refusal, balances,
parts and dates. At the end all dates have passed, nothing is held, and the books add up.
"""

from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)  # fmt: skip

from tests.reliability.contract_model import AGREEING, DECIDING, Act, Model, Quarrel
from tests.reliability.contract_world import World
from tests.town import Town

# Without shrinking, which on a real database takes longer than reading a story of thirty steps.
SETTINGS = settings(
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
MOST_PACTS = 3
ONE = timedelta(microseconds=1)
WHO = {
    "pay": "payer", "offer": "payer", "release": "payer", "give_back": "payee",
    "decline": "payee", "extend": "payee", "dispute": "payer", "concede": "payee",
    "contest": None, "propose": None, "accept": None, "decide": "operator", "insist": "worker",
}  # fmt: skip
WORDS_OF_TWO = {"concede", "contest", "propose", "accept"}
OF_A_QUARREL = WORDS_OF_TWO | {"decide"}


class Wish(NamedTuple):
    """An act before it is known what there is to act on. Per cent; 101 is one too many."""

    what: str
    anybody: str | None  # else whose act it is, or whose turn
    pact: int
    quarrel: int | None
    size: int | None
    share: int
    days: int
    is_whole: bool = True
    by_two: bool = False
    is_astray: bool = False


SIZES = st.integers(1, 50) | st.integers(1, 50) | st.sampled_from([None, 100, 101])
ANYBODY = st.sampled_from([None] * 7 + ["payer", "payee", "stranger"])
DAYS = st.sampled_from([1, 2, 7, 30, 89, 90, 91, 0])


def wishes(*what: str) -> st.SearchStrategy[Wish]:
    return st.builds(
        Wish,
        what=st.sampled_from(what),
        anybody=ANYBODY,
        pact=st.integers(0, MOST_PACTS - 1),
        quarrel=st.sampled_from([0, 0, 1, None]),
        size=SIZES,
        share=st.integers(0, 100),
        days=DAYS,
        is_whole=st.sampled_from([True] * 5 + [False]),
        by_two=st.booleans(),
        is_astray=st.sampled_from([False] * 7 + [True]),
    )


MONEY = wishes("release", "give_back", "decline", "extend", "dispute", "dispute")
WORDS = wishes("concede", "contest", "propose", "propose", "accept", "accept")
PARTS = wishes("release", "give_back")
ANY = MONEY | WORDS | wishes("decide", "insist")


def act_of(wish: Wish, model: Model) -> Act:
    """What a wish comes to, as things stand; seven times in eight it is to the point."""
    if not wish.is_astray:
        wish = to_the_point(wish, model)
    if wish.what in OF_A_QUARREL and wish.quarrel is None:
        wish = wish._replace(quarrel=0)
    number = wish.pact % len(model.pacts)
    pact = model.pacts[number]
    known = wish.quarrel is not None and wish.quarrel < len(pact.quarrels)
    named = pact.quarrels[wish.quarrel or 0] if known else None
    there_is = pact.rest if named is None or wish.what == "dispute" else named.open
    who = actor_of(wish, named)
    to_payee, to_payer = shares(wish, who, named)
    return Act(who, wish.what, number, wish.quarrel, minor_of(wish.size, there_is), to_payee,
               to_payer, wish.days, wish.by_two)  # fmt: skip


def to_the_point(wish: Wish, model: Model) -> Wish:
    """About something that is still held; who speaks of a quarrel has one, or raises it."""
    held = [number for number, pact in enumerate(model.pacts) if pact.held]
    number = held[wish.pact % len(held)] if held else wish.pact % len(model.pacts)
    alive = [at for at, each in enumerate(model.pacts[number].quarrels) if each.turn != "over"]
    wish = wish._replace(pact=number)
    if wish.quarrel is not None and alive:
        wish = wish._replace(quarrel=alive[wish.quarrel % len(alive)])
        if wish.what in WORDS_OF_TWO:
            named = model.pacts[number].quarrels[wish.quarrel or 0]
            wish = wish._replace(what=fitting(wish.what, named))
    elif wish.what in OF_A_QUARREL:
        wish = wish._replace(what="dispute")
    elif not alive:
        wish = wish._replace(quarrel=None)
    return wish


def fitting(what: str, named: Quarrel) -> str:
    """What can be said now."""
    if named.turn == "operator":
        return "decide"
    if named.turn == "both":
        return "propose" if what == "propose" or not named.offers else "accept"
    if named.turn == "payer" and what in {"accept", "concede"}:
        return "accept" if named.offers else "propose"
    return what


def actor_of(wish: Wish, named: Quarrel | None) -> str:
    """Whose act it is, or whose turn, but for those who try what is not theirs."""
    if wish.what in {"insist", "decide"}:
        who = "worker" if wish.what == "insist" else "operator"
        return wish.anybody if who == "operator" and wish.anybody in {"payer", "payee"} else who
    who = wish.anybody or WHO[wish.what] or (named.turn if named else "payer")
    if who == "both":
        return "payer" if wish.share % 2 else "payee"
    return "payee" if who in {"over", "operator"} else who


def minor_of(size: int | None, there_is: int) -> int | None:
    if size is None:
        return None
    return there_is + 1 if size > 100 else max(1, there_is * size // 100)


def shares(wish: Wish, who: str, named: Quarrel | None) -> tuple[int, int]:
    """To accept, what the other offers, or oneself; else the wish's share of what is open."""
    if named is None:
        return 0, 0
    offered = named.offers.get("payer" if who == "payee" else "payee", named.offers.get(who))
    to_payee = named.open * wish.share // 100
    if wish.what == "accept" and offered is not None:
        to_payee = offered
    to_payer = named.open - to_payee
    return to_payee, to_payer if wish.is_whole else to_payer + 1


class Quarrelsome(RuleBasedStateMachine):
    """The two trade, quarrel and agree; an operator and a worker do what is theirs."""

    town: Town

    @initialize(minor=st.integers(100, 6_000_000) | st.just(5_000_001), days=st.integers(1, 90))
    def begin(self, minor: int, days: int) -> None:
        self.world = World(self.town)
        self.world.does(Act("payer", "pay", minor=minor))
        self.world.does(Act("payer", "offer", minor=minor, days=days))
        self.world.does(Act("payer", "dispute", 0, minor=minor // 2))

    @rule(what=st.sampled_from(["pay", "offer"]), minor=st.sampled_from([100, 2_001, 5_100_000]),
          days=DAYS, who=st.sampled_from(["payer", "payer", "payee"]))  # fmt: skip
    def more_is_held(self, what: str, minor: int, days: int, who: str) -> None:
        if len(self.world.ids) < MOST_PACTS:
            self.world.does(Act(who, what, minor=minor, days=days))

    @rule(wish=MONEY)
    def somebody_moves_money(self, wish: Wish) -> None:
        self.does(wish)

    @rule(wish=WORDS)
    def somebody_speaks(self, wish: Wish) -> None:
        self.does(wish)

    @rule(pact=st.integers(0, 2), wishes=st.lists(WORDS | PARTS, min_size=2, max_size=5))
    def a_quarrel_goes_on(self, pact: int, wishes: list[Wish]) -> None:
        for wish in wishes:
            self.does(wish._replace(pact=pact, quarrel=0, anybody=None))

    @rule(pact=st.integers(0, 2), wish=wishes("decide"), is_seen=st.booleans(),
          passed=st.sampled_from([AGREEING, AGREEING, AGREEING + DECIDING]))  # fmt: skip
    def the_two_do_not_agree(self, pact: int, wish: Wish, is_seen: bool, passed: timedelta) -> None:
        number = pact % len(self.world.ids)
        rest = self.world.model.pacts[number].rest
        minor = minor_of(wish.size, rest) if wish.share % 2 else None
        if self.world.does(Act("payer", "dispute", number, minor=minor)) != ["done"]:
            return
        last = len(self.world.ids[number].disputes) - 1
        for who in ("payee", "payer"):
            self.world.does(Act(who, "contest", number, last))
        self.world.until(self.world.town.now + passed)
        if is_seen:
            self.world.somebody_looks("payee", number)
        self.does(wish._replace(pact=number, quarrel=last, is_astray=True))

    @rule(wish=wishes("decide", "insist"))
    def an_operator_or_a_worker_acts(self, wish: Wish) -> None:
        self.does(wish)

    @rule(first=ANY, second=ANY, pact=st.integers(0, 2))
    def two_act_in_the_same_instant(self, first: Wish, second: Wish, pact: int) -> None:
        """Both mean the thing as it stood before either."""
        same = [each._replace(pact=pact, is_astray=False) for each in (first, second)]
        acts = [act_of(each, self.world.model) for each in same]
        self.world.does(*(each for each in acts if each.what != "insist"))

    @rule(data=st.data(), by=st.sampled_from([-ONE, -ONE, 0 * ONE, ONE]))
    def the_clock_comes_to_a_date(self, data: Any, by: timedelta) -> None:
        dates = self.world.model.dates()
        if dates:
            self.world.until(data.draw(st.sampled_from(dates[:3])) + by)

    @rule(hours=st.integers(1, 96))
    def time_passes(self, hours: int) -> None:
        self.world.until(self.world.town.now + timedelta(hours=hours))

    @rule()
    def the_worker_looks(self) -> None:
        self.world.worker_looks()

    @rule(who=st.sampled_from(["payer", "payee", "stranger"]), pact=st.integers(0, 2))
    def somebody_just_looks(self, who: str, pact: int) -> None:
        self.world.somebody_looks(who, pact % len(self.world.ids))

    def does(self, wish: Wish) -> None:
        self.world.does(act_of(wish, self.world.model))

    @invariant()
    def all_is_as_the_model_has_it(self) -> None:
        if hasattr(self, "world"):
            self.world.check()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.check_end()


@pytest.mark.rule(
    "Any sequence of acts by payer, payee, operator, stranger and worker, with the clock moved "
    "just before, at and just after any date, ends in the refusals, balances and dates of the "
    "model, and nothing stays held once all dates have passed."
)
def test_any_sequence_of_acts_and_clock_moves_does_what_the_rules_of_held_money_say(shared_town):
    class Here(Quarrelsome):
        town = shared_town

    run_state_machine_as_test(
        Here, settings=settings(SETTINGS, max_examples=15, stateful_step_count=25)
    )


@pytest.mark.rule(
    "No sequence of one party's own acts, without an act or a silence of the other, raises that "
    "party's balance."
)
@settings(SETTINGS, max_examples=12)
@given(
    who=st.sampled_from(["payer", "payee"]),
    so_far=st.sampled_from(["raised", "answered", "disagreed", "disagreed", "escalated"]),
    alone=st.lists(MONEY | WORDS | st.integers(0, 20 * 24), min_size=8, max_size=16),
)
def test_nobodys_own_acts_ever_raise_their_own_balance(shared_town, who, so_far, alone):
    world = World(shared_town)
    world.does(Act("payer", "pay", minor=1_000_000))
    world.does(Act("payer", "offer", minor=400_000, days=30))
    world.does(Act("payer", "dispute", 0, minor=300_000))
    for by_whom in {"raised": (), "answered": ("payee",)}.get(so_far, ("payee", "payer")):
        world.does(Act(by_whom, "contest", 0, 0))
    if so_far == "escalated":
        world.until(world.town.now + AGREEING)
        world.worker_looks()
    other = "payer" if who == "payee" else "payee"
    for step in alone:
        balance = world.balances()[who]
        if isinstance(step, int):
            silence_counts = min(world.model.dates_against(who), default=None)
            later = world.town.now + timedelta(hours=step)
            if silence_counts is None or later < silence_counts:
                world.until(later)
            world.worker_looks()
        elif not takes_an_offer(act := by(who, step, world.model), other, world.model):
            world.does(act)
        assert world.balances()[who] <= balance
    world.check_end()


def by(who: str, wish: Wish, model: Model) -> Act:
    pact = 0 if wish.what in WORDS_OF_TWO else wish.pact  # the one they quarrel about
    return act_of(wish._replace(anybody=who, pact=pact), model)


def takes_an_offer(act: Act, other: str, model: Model) -> bool:
    """What was offered is an act of the other's, and to take it is not done alone."""
    quarrels = model.pacts[act.pact].quarrels
    named = act.quarrel is not None and act.quarrel < len(quarrels)
    return act.what == "accept" and named and other in quarrels[act.quarrel or 0].offers
