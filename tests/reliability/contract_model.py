"""A contract as its rules are told, in plain Python: no ledger, no clock of its own, no tables.

One payer and one payee have pacts: an amount held till a deadline. Quarrels freeze parts of one.
Amounts are minor units; a merchant's commission is taken of what is released of a payment. Each
act returns `done` or the code of its refusal, and time does what `settle` says it does.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from tests.reliability.model import SEND_FEES, No

DAY = timedelta(days=1)
PAYMENT_DAYS, LONGEST_DAYS = 5, 90
ANSWERING, AGREEING, DECIDING = 3 * DAY, 14 * DAY, 7 * DAY
TWO_OPERATORS_ABOVE = 5_000_000
COMMISSION_BPS = 250


class Act(NamedTuple):
    """What somebody does: `pact` and `quarrel` by number, `minor` None where all is meant."""

    who: str
    what: str
    pact: int = 0
    quarrel: int | None = None
    minor: int | None = None
    to_payee: int = 0
    to_payer: int = 0
    days: int = 0
    by_two: bool = False


@dataclass
class Quarrel:
    """A frozen part. `turn`: whose silence comes next: payee, payer, both, operator or over."""

    open: int
    due: datetime
    ends: datetime
    turn: str = "payee"
    offers: dict[str, int] = field(default_factory=dict)  # by whom: what the payee would have

    def may(self, who: str, what: str) -> bool:
        """Whose turn it is; before a first answer there is nothing to accept."""
        if self.turn == "both":
            return what in {"propose", "accept"}
        words = {"contest", "propose", "concede" if who == "payee" else "accept"}
        return who == self.turn and what in words

    def dates(self) -> list[datetime]:
        return [] if self.turn == "over" else [self.due]


@dataclass
class Pact:
    """An amount between the two, and what became of it."""

    origin: str
    amount: int
    opened: datetime
    deadline: datetime
    released: int = 0
    returned: int = 0
    quarrels: list[Quarrel] = field(default_factory=list)
    is_lapsed: bool = False  # the deadline has done what it does

    @property
    def held(self) -> int:
        return self.amount - self.released - self.returned

    @property
    def frozen(self) -> int:
        return sum(each.open for each in self.quarrels)

    @property
    def rest(self) -> int:
        return self.held - self.frozen

    def dates(self) -> list[datetime]:
        own = [self.deadline] if self.rest else []
        return own + [date for each in self.quarrels for date in each.dates()]


@dataclass
class Model:
    """What both have outside the pacts, and the pacts in the order they were made."""

    now: datetime
    balances: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    pacts: list[Pact] = field(default_factory=list)

    def act(self, act: Act) -> str:
        try:
            getattr(self, act.what)(act)
        except No as no:
            return str(no.args[0])
        return "done"

    def dates(self) -> list[datetime]:
        """When silence will count next."""
        return sorted(date for pact in self.pacts for date in pact.dates())

    def dates_against(self, who: str) -> Iterator[datetime]:
        """When a silence counts that is not `who`'s alone: the other's, both's, an operator's."""
        for pact in self.pacts:
            if who == "payee" and pact.rest:
                yield pact.deadline
            for each in pact.quarrels:
                if each.turn not in {who, "over"}:
                    yield each.due

    # Money comes in ------------------------------------------------------------------------------

    def pay(self, act: Act) -> None:
        if act.who == "payee":  # their own till
            raise No("same_parties")
        self.hold("payment", act.minor or 0, 0, PAYMENT_DAYS)

    def offer(self, act: Act) -> None:
        if not 0 <= act.days <= LONGEST_DAYS:
            raise No("period_out_of_range")
        if act.who == "payee":  # to themselves
            raise No("same_parties")
        minor = act.minor or 0
        self.hold("offer", minor, next(fee for up_to, fee in SEND_FEES if minor <= up_to), act.days)

    def hold(self, origin: str, minor: int, fee: int, days: int) -> None:
        if minor + fee > self.balances["payer"]:
            raise No("insufficient_funds")
        self.balances["payer"] -= minor + fee
        if days == 0:
            self.balances["payee"] += minor
        else:
            self.pacts.append(Pact(origin, minor, self.now, self.now + days * DAY))

    # Money goes out ------------------------------------------------------------------------------

    def release(self, act: Act) -> None:
        pact = self.of(act, "payer")
        self.take(act, pact, is_late=False, to="payee")

    def give_back(self, act: Act) -> None:
        pact = self.of(act, "payee")
        self.take(act, pact, is_late=self.now >= pact.deadline, to="payer")

    def take(self, act: Act, pact: Pact, *, is_late: bool, to: str) -> None:
        """Nothing said of a quarrel: of the rest, which after the deadline nobody gives back."""
        quarrel = None if act.quarrel is None else self.quarrel_of(act, pact)
        self.check_open(pact)
        if quarrel is not None:
            self.check_speaking(quarrel)
            minor = self.open_part(quarrel, act.minor)
            self.split(pact, quarrel, **{to: minor})
            return
        if is_late:
            raise No("contract_past_deadline")
        minor = self.rest_part(pact, act.minor)
        self.move(pact, **{to: minor})

    def decline(self, act: Act) -> None:
        pact = self.of(act, "payee")
        self.check_in_time(pact)
        minor = self.rest_part(pact, None)
        if pact.origin != "offer":
            raise No("incorrect_state")
        self.move(pact, payer=minor)

    def extend(self, act: Act) -> None:
        if not 1 <= act.days <= LONGEST_DAYS:
            raise No("period_out_of_range")
        pact = self.of(act, "payee")
        self.check_in_time(pact)
        until = pact.deadline + act.days * DAY
        if until > pact.opened + LONGEST_DAYS * DAY:
            raise No("deadline_out_of_range")
        pact.deadline = until

    # Quarrels ------------------------------------------------------------------------------------

    def dispute(self, act: Act) -> None:
        pact = self.of(act, "payer")
        self.check_in_time(pact)
        minor = self.rest_part(pact, act.minor)
        pact.quarrels.append(Quarrel(minor, self.now + ANSWERING, self.now + AGREEING))

    def concede(self, act: Act) -> None:
        pact, quarrel = self.speaking(act)
        minor = self.open_part(quarrel, act.minor)
        self.answered(quarrel)
        self.split(pact, quarrel, payer=minor)

    def contest(self, act: Act) -> None:
        self.answered(self.speaking(act)[1])

    def propose(self, act: Act) -> None:
        quarrel = self.speaking(act)[1]
        self.check_whole(quarrel, act)
        self.answered(quarrel)
        quarrel.offers[act.who] = act.to_payee

    def accept(self, act: Act) -> None:
        pact, quarrel = self.speaking(act)
        other = "payer" if act.who == "payee" else "payee"
        offered = quarrel.offers.get(other)
        if offered is None or (act.to_payee, act.to_payer) != (offered, quarrel.open - offered):
            raise No("proposal_changed")
        self.split(pact, quarrel, payee=act.to_payee, payer=act.to_payer)

    def decide(self, act: Act) -> None:
        pact = self.pacts[act.pact]
        if act.who in {"payer", "payee"}:
            raise No("forbidden")
        quarrel = self.quarrel_of(act, pact)
        self.check_speaking(quarrel)
        if quarrel.turn != "operator":
            raise No("not_your_turn")
        self.check_whole(quarrel, act)
        if quarrel.open > TWO_OPERATORS_ABOVE and not act.by_two:
            raise No("approval_needed")
        self.split(pact, quarrel, payee=act.to_payee, payer=act.to_payer)

    def answered(self, quarrel: Quarrel) -> None:
        """The payee's answer gives the payer the same time; the payer's, both the whole period."""
        if quarrel.turn == "payee":
            quarrel.turn, quarrel.due = "payer", self.now + ANSWERING
        elif quarrel.turn == "payer":
            quarrel.turn, quarrel.due = "both", max(quarrel.ends, self.now + ANSWERING)

    # Time ----------------------------------------------------------------------------------------

    def settle(self, pacts: list[Pact] | None = None) -> None:
        """All that silence leads to by now, however late it is noticed."""
        for pact in self.pacts if pacts is None else pacts:
            self.lapse(pact)
            for quarrel in pact.quarrels:
                while quarrel.turn != "over" and self.now >= quarrel.due:
                    self.silence(pact, quarrel)

    def lapse(self, pact: Pact) -> None:
        if pact.rest and self.now >= pact.deadline:
            pact.is_lapsed = True
            self.move(pact, payee=pact.rest)

    def silence(self, pact: Pact, quarrel: Quarrel) -> None:
        if quarrel.turn == "payee":
            self.split(pact, quarrel, payer=quarrel.open)
        elif quarrel.turn == "payer":
            self.split(pact, quarrel, payee=quarrel.open)
        elif quarrel.turn == "both":
            quarrel.turn, quarrel.due = "operator", quarrel.due + DECIDING
            quarrel.offers.clear()
        else:
            half = quarrel.open // 2
            self.split(pact, quarrel, payee=half, payer=quarrel.open - half)

    def insist(self, act: Act) -> None:
        """The worker tries, whether or not it is time."""
        pact = self.pacts[act.pact]
        if act.quarrel is not None:
            self.insist_on_quarrel(act, pact)
        elif pact.is_lapsed:
            raise No("replayed")
        else:
            self.check_open(pact)
            if self.now < pact.deadline:
                raise No("contract_not_due")
            if not pact.rest:
                raise No("more_than_held")
            self.lapse(pact)

    def insist_on_quarrel(self, act: Act, pact: Pact) -> None:
        quarrel = self.quarrel_of(act, pact)
        if quarrel.turn == "over":
            raise No("dispute_closed")
        if self.now < quarrel.due:
            raise No("dispute_not_due")
        self.silence(pact, quarrel)

    # What the acts have in common ----------------------------------------------------------------

    def of(self, act: Act, side: str) -> Pact:
        if act.who not in {"payer", "payee"}:
            raise No("contract_unknown")
        if act.who != side:
            raise No("not_a_party")
        return self.pacts[act.pact]

    def quarrel_of(self, act: Act, pact: Pact) -> Quarrel:
        assert act.quarrel is not None
        if act.quarrel >= len(pact.quarrels):
            raise No("dispute_unknown")
        return pact.quarrels[act.quarrel]

    def speaking(self, act: Act) -> tuple[Pact, Quarrel]:
        if act.who not in {"payer", "payee"}:
            raise No("contract_unknown")
        pact = self.pacts[act.pact]
        quarrel = self.quarrel_of(act, pact)
        self.check_speaking(quarrel)
        if not quarrel.may(act.who, act.what):
            raise No("not_your_turn")
        return pact, quarrel

    def check_speaking(self, quarrel: Quarrel) -> None:
        if quarrel.turn == "over":
            raise No("dispute_closed")
        if self.now >= quarrel.due:
            raise No("dispute_past_due")

    def check_open(self, pact: Pact) -> None:
        if not pact.held:
            raise No("contract_closed")

    def check_in_time(self, pact: Pact) -> None:
        self.check_open(pact)
        if self.now >= pact.deadline:
            raise No("contract_past_deadline")

    def check_whole(self, quarrel: Quarrel, act: Act) -> None:
        if act.to_payee + act.to_payer != quarrel.open:
            raise No("split_not_whole")

    def rest_part(self, pact: Pact, minor: int | None) -> int:
        wanted = pact.rest if minor is None else minor
        if not 0 < wanted <= pact.rest:
            raise No("more_than_held")
        return wanted

    def open_part(self, quarrel: Quarrel, minor: int | None) -> int:
        if minor is not None and minor > quarrel.open:
            raise No("more_than_disputed")
        return quarrel.open if minor is None else minor

    def split(self, pact: Pact, quarrel: Quarrel, *, payee: int = 0, payer: int = 0) -> None:
        """A frozen part moves; what was proposed about it falls."""
        quarrel.open -= payee + payer
        quarrel.offers.clear()
        if not quarrel.open:
            quarrel.turn = "over"
        self.move(pact, payee=payee, payer=payer)

    def move(self, pact: Pact, *, payee: int = 0, payer: int = 0) -> None:
        before = self.commission(pact)
        pact.released += payee
        pact.returned += payer
        self.balances["payer"] += payer
        self.balances["payee"] += payee - (self.commission(pact) - before)
        assert pact.held >= pact.frozen >= 0, pact

    def commission(self, pact: Pact) -> int:
        """Rounded half up, of all that was released so far of a payment; an offer costs none."""
        bps = COMMISSION_BPS if pact.origin == "payment" else 0
        return (pact.released * bps + 5_000) // 10_000
