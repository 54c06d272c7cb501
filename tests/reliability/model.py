"""A wallet service in plain Python: what the real one must do, written a second time.

No batches, no locks, no database: balances in a dictionary, rules as read in the tariff and the
limits of a Kenyan of tier 0. Each act returns `done`, `replayed` or the code of its refusal.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

MINIMUM, LARGEST, DAILY, MONTHLY, FULL = 100, 5_000_000, 7_000_000, 30_000_000, 10_000_000
SEND_FEES = [
    (10_000, 0), (50_000, 700), (100_000, 1_300), (150_000, 2_300), (250_000, 3_300),
    (500_000, 5_700), (1_000_000, 9_000), (25_000_000, 10_800),
]  # fmt: skip
PAYOUT_FEE, PAYOUT_MINIMUM = 5_000, 100
LOCKS = [timedelta(minutes=15), timedelta(hours=1), timedelta(hours=24)]
NAIROBI = timedelta(hours=3)
RATE, QUOTE_MARGIN_BPS, QUOTE_LIFETIME = 129, 50, timedelta(minutes=2)


class No(Exception):
    """A rule says no; the first argument is the code."""


@dataclass
class Somebody:
    status: str = "active"
    failures: int = 0
    locks: int = 0
    locked_until: datetime | None = None
    spent: defaultdict[date, int] = field(default_factory=lambda: defaultdict(int))


@dataclass
class Held:
    payer: str
    payee: str
    amount: int
    deadline: datetime
    released: int = 0
    returned: int = 0

    @property
    def left(self) -> int:
        return self.amount - self.released - self.returned


@dataclass
class Quoted:
    receiver: str
    source: int
    target: int
    margin: int
    expires: datetime
    used: bool = False

    def is_open(self, now: datetime) -> bool:
        return not self.used and now < self.expires


@dataclass
class Asked:
    merchant: str
    amount: int
    state: str = "requested"


@dataclass
class Model:
    """People, agent and merchants by name; accounts by (name, kind, currency)."""

    now: datetime
    people: dict[str, Somebody] = field(default_factory=dict)
    balances: defaultdict[tuple[str, str, str], int] = field(
        default_factory=lambda: defaultdict(int)
    )
    contracts: dict[int, Held] = field(default_factory=dict)
    quotes: dict[int, Quoted] = field(default_factory=dict)
    payouts: dict[int, Asked] = field(default_factory=dict)
    periods: dict[str, int] = field(default_factory=dict)
    done: dict[tuple[str, int], tuple[Any, ...]] = field(default_factory=dict)

    def act(self, actor: str, key: int, what: str, *args: Any) -> str:
        """What comes of a command; its PIN is the last argument where it has one."""
        contents = (what, *args[:-1]) if what in WITH_PIN else (what, *args)
        if (actor, key) in self.done:
            return "replayed" if self.done[actor, key] == contents else "key_reused"
        rule: Callable[..., None] = getattr(self, what)
        try:
            rule(actor, *args)
        except No as no:
            return str(no.args[0])
        self.done[actor, key] = contents
        return "done"

    # The rules ---------------------------------------------------------------------------------

    def register(self, actor: str, name: str) -> None:
        if name in self.people:
            raise No("already_registered")
        self.people[name] = Somebody()

    def deposit(self, actor: str, name: str, kind: str, currency: str, minor: int) -> None:
        self.move(minor, ("operator", "trust", currency), (name, kind, currency))

    def cash_in(self, actor: str, customer: str, minor: int, pin_right: bool) -> None:
        self.known(customer)
        self.active(actor, customer)
        self.check_pin(actor, pin_right)
        self.check_one(minor)
        self.check_room(customer, minor)
        self.check_funds(actor, "float", minor)
        self.move(minor, (actor, "float", "KES"), (customer, "wallet", "KES"))

    def send(self, actor: str, receiver: str, minor: int, pin_right: bool) -> None:
        self.known(receiver)
        if receiver == actor:
            raise No("same_parties")
        self.active(actor, receiver)
        self.check_pin(actor, pin_right)
        self.check_limits(actor, minor)
        self.check_room(receiver, minor)
        fee = next(fee for up_to, fee in SEND_FEES if minor <= up_to)
        self.check_funds(actor, "wallet", minor + fee)
        self.spend(actor, minor)
        self.move(minor, (actor, "wallet", "KES"), (receiver, "wallet", "KES"))
        self.move(fee, (actor, "wallet", "KES"), ("operator", "fees", "KES"))

    def pay(self, actor: str, merchant: str, minor: int, pin_right: bool) -> None:
        self.active(actor, merchant)
        self.check_pin(actor, pin_right)
        self.check_limits(actor, minor)
        self.check_funds(actor, "wallet", minor)
        self.spend(actor, minor)
        target = "held" if self.periods[merchant] else "settlement"
        self.move(minor, (actor, "wallet", "KES"), (merchant, target, "KES"))

    def opened(self, contract_id: int, payer: str, merchant: str, minor: int) -> None:
        """Note the contract that a payment opened; only the real service knows its id."""
        deadline = self.now + timedelta(seconds=self.periods[merchant])
        self.contracts[contract_id] = Held(payer, merchant, minor, deadline)

    def release(self, actor: str, contract_id: int, minor: int | None, pin_right: bool) -> None:
        held = self.contracts[contract_id]
        self.party(actor, held.payer, held.payee)
        self.active(actor)
        self.check_pin(actor, pin_right)
        self.release_part(held, minor)

    def give_back(self, actor: str, contract_id: int, minor: int | None, pin_right: bool) -> None:
        held = self.contracts[contract_id]
        self.party(actor, held.payee, held.payer)
        self.active(actor)
        self.check_pin(actor, pin_right)
        if not held.left:
            raise No("contract_closed")
        if self.now >= held.deadline:
            raise No("contract_past_deadline")
        part = self.part(held, minor)
        held.returned += part
        self.move(part, (held.payee, "held", "KES"), (held.payer, "wallet", "KES"))

    def release_due(self, actor: str, contract_id: int) -> None:
        held = self.contracts[contract_id]
        if held.left and self.now < held.deadline:
            raise No("contract_not_due")
        self.release_part(held, None)

    def quote(self, partner: str, maker: str, receiver: str, source: int) -> Quoted:
        """What a partner is told that so many US cents become; no key, so it can be told again."""
        self.active(None, receiver)
        margin = -(-source * QUOTE_MARGIN_BPS // 10_000)
        target = (source - margin) * RATE
        if not target:
            raise No("less_than_transaction_min_value")
        is_open = [each for each in self.quotes.values() if each.is_open(self.now)]
        promised = sum(each.target for each in is_open)
        if target > self.balances[maker, "maker", "KES"] - promised:
            raise No("no_price")
        prefund = self.balances[partner, "prefund", "USD"]
        if source > prefund:
            raise No("insufficient_funds")
        if source > prefund - sum(each.source for each in is_open):
            raise No("open_quotes_exceed_prefund")
        return Quoted(receiver, source, target, margin, self.now + QUOTE_LIFETIME)

    def top_up(self, actor: str, quote_id: int, maker: str) -> None:
        quote = self.quotes[quote_id]
        self.active(None, quote.receiver)
        if quote.used:
            raise No("quote_used")
        if self.now >= quote.expires:
            raise No("quote_has_expired")
        assert quote.target <= self.balances[maker, "maker", "KES"], "what is quoted is kept"
        self.check_room(quote.receiver, quote.target)
        assert quote.source <= self.balances[actor, "prefund", "USD"], "the prefund can pay"
        quote.used = True
        prefund = (actor, "prefund", "USD")
        self.move(quote.source - quote.margin, prefund, (maker, "maker", "USD"))
        self.move(quote.margin, prefund, ("operator", "fx_margin", "USD"))
        self.move(quote.target, (maker, "maker", "KES"), (quote.receiver, "wallet", "KES"))

    def payout(self, actor: str, minor: int, pin_right: bool) -> None:
        self.active(actor)
        self.check_pin(actor, pin_right)
        if minor < PAYOUT_MINIMUM:
            raise No("less_than_transaction_min_value")
        self.check_funds(actor, "settlement", minor + PAYOUT_FEE)
        transit = ("operator", "in_transit", "KES")
        self.move(minor + PAYOUT_FEE, (actor, "settlement", "KES"), transit)

    def settle(self, actor: str, payout_id: int, paid: bool) -> None:
        asked = self.payouts[payout_id]
        if asked.state != "sent":
            raise No("incorrect_state")
        asked.state = "paid" if paid else "failed"
        transit = ("operator", "in_transit", "KES")
        if paid:
            self.move(asked.amount, transit, ("operator", "trust", "KES"))
            self.move(PAYOUT_FEE, transit, ("operator", "fees", "KES"))
        else:
            self.move(asked.amount + PAYOUT_FEE, transit, (asked.merchant, "settlement", "KES"))

    # What the rules have in common -------------------------------------------------------------

    def move(self, minor: int, source: tuple[str, str, str], target: tuple[str, str, str]) -> None:
        self.balances[source] -= minor
        self.balances[target] += minor

    def known(self, receiver: str) -> None:
        if receiver not in self.people:
            raise No("receiver_unknown")

    def active(self, sender: str | None, receiver: str | None = None) -> None:
        for name, code in ((sender, "sender_frozen"), (receiver, "receiver_frozen")):
            if name is not None and self.people[name].status != "active":
                raise No(code)

    def party(self, actor: str, entitled: str, other: str) -> None:
        if actor != entitled:
            raise No("not_a_party" if actor == other else "contract_unknown")

    def check_pin(self, name: str, pin_right: bool) -> None:
        somebody = self.people[name]
        if somebody.locked_until is not None and self.now < somebody.locked_until:
            raise No("pin_locked")
        if pin_right:  # whatever else the command is refused for
            somebody.failures, somebody.locks, somebody.locked_until = 0, 0, None
            return
        somebody.failures += 1
        if somebody.failures < 3:
            raise No("pin_wrong")
        somebody.locked_until = self.now + LOCKS[min(somebody.locks, 2)]
        somebody.failures, somebody.locks = 0, somebody.locks + 1
        raise No("pin_locked")

    def today(self) -> date:
        return (self.now + NAIROBI).date()

    def check_limits(self, name: str, minor: int) -> None:
        today = self.today()
        day, month = self.spent_by(name, today)
        self.check_one(minor)
        if day + minor > DAILY:
            raise No("daily_value_limit_exceeded")
        if month + minor > MONTHLY:
            raise No("monthly_value_limit_exceeded")

    def check_one(self, minor: int) -> None:
        if minor < MINIMUM:
            raise No("less_than_transaction_min_value")
        if minor > LARGEST:
            raise No("greater_than_transaction_max_value")

    def spent_by(self, name: str, today: date) -> tuple[int, int]:
        """What somebody has spent on a day, and in the month so far."""
        spent = self.people[name].spent
        month = sum(
            out for day, out in spent.items() if (day.year, day.month) == (today.year, today.month)
        )
        return spent.get(today, 0), month

    def spend(self, name: str, minor: int) -> None:
        self.people[name].spent[self.today()] += minor

    def check_room(self, name: str, minor: int) -> None:
        if self.balances[name, "wallet", "KES"] + minor > FULL:
            raise No("max_balance_exceeded")

    def check_funds(self, name: str, kind: str, needed: int) -> None:
        if needed > self.balances[name, kind, "KES"]:
            raise No("insufficient_funds")

    def part(self, held: Held, minor: int | None) -> int:
        if minor is not None and minor > held.left:
            raise No("more_than_held")
        return held.left if minor is None else minor

    def release_part(self, held: Held, minor: int | None) -> None:
        if not held.left:
            raise No("contract_closed")
        part = self.part(held, minor)
        held.released += part
        self.move(part, (held.payee, "held", "KES"), (held.payee, "settlement", "KES"))


WITH_PIN = frozenset({"cash_in", "send", "pay", "release", "give_back", "payout"})
