"""Any interleaving of flows does what a small model in plain Python says it does.

Hypothesis makes up stories: people register, pay, hold, release, return, top up and are paid out,
mistype PINs, are frozen, repeat and misuse keys, several at once; the clock moves. After every
step each balance and each refusal is the model's.
"""

from itertools import count
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)  # fmt: skip

from tests.reliability.model import RATE, WITH_PIN, Asked, Model, No, Quoted
from tests.tables import Person
from tests.town import PIN, WRONG_PIN, Town
from tests.wallet.ledger.batches import codes, outcome, together
from wallet.clock import FakeClock, id_of
from wallet.errors import Refused
from wallet.escrow import give_back, pay, release
from wallet.fx import top_up
from wallet.fx.pricing import Request, make_quote
from wallet.ledger.poster import Receipt
from wallet.money import Money
from wallet.onboarding import register
from wallet.payouts import finish, payout
from wallet.people.pin import Pin
from wallet.running.books import check_books
from wallet.transfers import cash_in, deposit, send

STORIES = count(1)
NAMES = ("amina", "juma", "zawadi", "otieno")
MERCHANTS = {"shop": 3600, "kiosk": 0}
OPERATOR = "operator"
SALT = UUID("8a4b8f5c-6f0e-4d43-9f61-3f8a52a1f0aa")

edges = st.sampled_from([99, 100, 10_000, 10_001, 50_000, 50_001, 5_000_000, 5_000_001])
amounts = st.integers(100, 400_000) | edges | st.integers(1, 6_000_000)
parts = st.none() | st.integers(1, 100_000) | st.integers(1, 3_000_000)
people = st.sampled_from([*NAMES[:3] * 3, NAMES[3]])
merchants = st.sampled_from(list(MERCHANTS))
pins = st.sampled_from([True] * 7 + [False])
sends = st.tuples(people, st.just("send"), people, amounts, pins)
pays = st.tuples(people, st.just("pay"), merchants, amounts, pins)


def kes(minor: int | None) -> Any:
    return None if minor is None else Money("KES", minor)


class Story(RuleBasedStateMachine):
    """One story, lived by the model and by the real service; they must agree at every step."""

    town: Town

    @initialize()
    def begin(self) -> None:
        self.number = next(STORIES)
        self.model = Model(self.town.now)
        self.keys = count(1)
        self.past: list[tuple[str, int, tuple[Any, ...]]] = []
        self.cast: dict[str, Any] = {}
        self.before = self.operators()
        self.person("amina")
        self.person("juma")
        self.person("zawadi")
        self.merchant("shop")
        self.merchant("kiosk")
        agent = self.town.agent("agent")
        self.cast |= {"agent": agent, "partner": self.town.partner(), "maker": self.town.maker()}
        self.model.register(OPERATOR, "agent")
        self.town.sql("DELETE FROM maker_prices")  # those of other stories
        price = str(RATE)
        self.town.price(self.cast["maker"], "USD", "KES", price, price, lifetime_s=10 * 365 * 86400)
        for name, kind, currency, minor in (
            ("agent", "float", "KES", 50_000_000),
            ("partner", "prefund", "USD", 120_000),
            ("maker", "maker", "KES", 20_000_000),
        ):
            self.does(OPERATOR, "deposit", name, kind, currency, minor)
        for _ in range(2):
            self.does("agent", "cash_in", "amina", 5_000_000, True)
        self.does("agent", "cash_in", "juma", 3_000_000, True)
        self.does("amina", "pay", "shop", 200_000, True)
        self.does("juma", "pay", "kiosk", 1_000_000, True)
        self.past.clear()

    def msisdn(self, name: str) -> str:
        return f"+2547{20 + NAMES.index(name)}{self.number:06d}"

    def person(self, name: str) -> None:
        self.does(OPERATOR, "register", name)

    def merchant(self, name: str) -> None:
        self.cast[name] = self.town.merchant(name, period_s=MERCHANTS[name], tier=0)
        self.model.register(OPERATOR, name)
        self.model.periods[name] = MERCHANTS[name]

    # What happens --------------------------------------------------------------------------------

    def does(self, actor: str, what: str, *args: Any) -> None:
        """A new command, by somebody who exists."""
        self.perform(actor, next(self.keys), (what, *args))

    def perform(self, actor: str, key: int, act: tuple[Any, ...]) -> None:
        expected = self.model.act(actor, key, *act)
        found = outcome(self.town.service.poster.post, *self.command(actor, key, act))
        self.agree([(actor, key, act)], [expected], [found])

    def agree(self, acts: Any, expected: list[str], found: list[Any]) -> None:
        assert codes(found) == expected, (acts, found)
        for (actor, key, act), word, each in zip(acts, expected, found, strict=True):
            if word in {"replayed", "key_reused"}:
                continue
            self.past.append((actor, key, act))
            if word == "done":
                assert isinstance(each, Receipt)
                self.note(actor, act, each)

    def note(self, actor: str, act: tuple[Any, ...], receipt: Receipt) -> None:
        """Learn the ids that only the real service makes."""
        what, *args = act
        id_ = id_of(receipt.answer["reference"])
        assert id_ is not None
        if what == "register":
            self.cast[args[0]] = Person(id_, self.msisdn(args[0]), args[0])
        elif what == "pay" and MERCHANTS[args[0]]:
            self.model.opened(id_, actor, args[0], args[1])
        elif what == "payout":
            self.model.payouts[id_] = Asked(actor, args[0])

    def command(self, actor: str, key: int, act: tuple[Any, ...]) -> tuple[Any, Any]:
        """The real command of an act."""
        id_ = 0 if actor == OPERATOR else self.cast[actor].id
        uuid = uuid5(SALT, f"{self.number}/{key}")
        if act[0] not in WITH_PIN:
            return self.open_command(id_, uuid, act)
        return self.pin_command(id_, uuid, act[:-1], Pin(PIN if act[-1] else WRONG_PIN))

    def open_command(self, id_: int, uuid: UUID, act: tuple[Any, ...]) -> tuple[Any, Any]:
        match act[0], act[1:]:
            case "register", (name,):
                return register.decide, register.Command(
                    0, uuid, Pin(PIN), self.msisdn(name), name.title(), "en", "KE"
                )
            case "deposit", (name, kind, currency, minor):
                money = Money(currency, minor)
                return deposit.decide, deposit.Command(
                    0, uuid, self.cast[name].id, kind, money, "b"
                )
            case "top_up", (quote_id, _):
                quote = self.model.quotes[quote_id]
                return top_up.decide, top_up.Command(
                    id_, uuid, quote_id, Money("USD", quote.source), kes(quote.target), "Joy"
                )
            case "release_due", (contract_id,):
                return release.decide_due, release.Due(contract_id)
            case "settle", (payout_id, paid):
                return finish.decide_settled, finish.Settled(payout_id, "KES", paid)
        raise AssertionError(act)

    def pin_command(self, id_: int, uuid: UUID, act: tuple[Any, ...], pin: Pin) -> tuple[Any, Any]:
        match act[0], act[1:]:
            case "cash_in", (name, minor):
                number = self.msisdn(name)
                return cash_in.decide, cash_in.Command(id_, uuid, pin, number, kes(minor))
            case "send", (name, minor):
                return send.decide, send.Command(id_, uuid, pin, self.msisdn(name), kes(minor))
            case "pay", (name, minor):
                return pay.decide, pay.Command(id_, uuid, pin, self.cast[name].till, kes(minor))
            case "release", (contract_id, minor):
                return release.decide, release.Command(id_, uuid, pin, contract_id, kes(minor))
            case "give_back", (contract_id, minor):
                return give_back.decide, give_back.Command(id_, uuid, pin, contract_id, kes(minor))
            case "payout", (minor,):
                return payout.decide, payout.Command(id_, uuid, pin, kes(minor))
        raise AssertionError(act)

    # What can happen -----------------------------------------------------------------------------

    @rule(name=people)
    def somebody_registers(self, name: str) -> None:
        self.person(name)

    @rule(name=people, minor=amounts, right=pins)
    def cash_comes_in(self, name: str, minor: int, right: bool) -> None:
        self.does("agent", "cash_in", name, minor, right)

    @rule(act=sends)
    def somebody_sends(self, act: tuple[Any, ...]) -> None:
        if act[0] in self.cast:
            self.does(*act)

    @rule(act=pays)
    def somebody_pays(self, act: tuple[Any, ...]) -> None:
        if act[0] in self.cast:
            self.does(*act)

    @rule(acts=st.lists(sends | pays, min_size=2, max_size=4))
    def several_pay_in_one_batch(self, acts: list[tuple[Any, ...]]) -> None:
        known = [(act[0], next(self.keys), act[1:]) for act in acts if act[0] in self.cast]
        expected = [self.model.act(actor, key, *act) for actor, key, act in known]
        commands = [self.command(*each) for each in known]
        self.agree(known, expected, together(self.town.service.poster, commands))

    def has_contracts(self) -> bool:
        return bool(self.model.contracts)

    @precondition(has_contracts)
    @rule(data=st.data(), what=st.sampled_from(["release", "give_back"]), part=parts, right=pins)
    def a_party_acts_on_a_contract(
        self, data: Any, what: str, part: int | None, right: bool
    ) -> None:
        contract_id = data.draw(st.sampled_from(list(self.model.contracts)))
        held = self.model.contracts[contract_id]
        actors = [held.payer, held.payee] * 3 + ["juma"]
        self.does(data.draw(st.sampled_from(actors)), what, contract_id, part, right)

    @precondition(has_contracts)
    @rule(data=st.data())
    def a_worker_looks_at_a_contract(self, data: Any) -> None:
        contract_id = data.draw(st.sampled_from(list(self.model.contracts)))
        self.perform(OPERATOR, -contract_id, ("release_due", contract_id))

    @rule(seconds=st.sampled_from([1, 60, 120, 899, 900, 3599, 3600, 3600, 86_400, 10 * 86_400]))
    def time_passes(self, seconds: int) -> None:
        clock = self.town.service.clock
        assert isinstance(clock, FakeClock)
        self.model.now = clock.advance(seconds)

    @rule(name=people, source=st.integers(1, 20_000) | st.integers(1, 200_000))
    def a_partner_asks_for_a_quote(self, name: str, source: int) -> None:
        if name not in self.cast:
            return
        self.town.rate("USD", "KES", str(RATE))
        service, partner, receiver = self.town.service, self.cast["partner"], self.msisdn(name)
        request = Request(partner.id, receiver, "USD", "KES", Money("USD", source))
        expected: str | Quoted
        found: str | Quoted
        try:
            expected = self.model.quote("partner", "maker", name, source)
        except No as no:
            expected = str(no.args[0])
        try:
            quote = make_quote(service.engine, service.markets, service.ids, self.town.now, request)
        except Refused as refusal:
            found = refusal.code.value
        else:
            found = Quoted(
                name, quote.source_minor, quote.target_minor, quote.margin_minor, quote.expires_at
            )
            self.model.quotes[quote.id] = found
        assert found == expected

    @precondition(lambda self: bool(self.model.quotes))
    @rule(data=st.data())
    def a_quote_is_accepted(self, data: Any) -> None:
        quote_id = data.draw(st.sampled_from(list(self.model.quotes)))
        self.does("partner", "top_up", quote_id, "maker")

    @rule(name=merchants, minor=st.integers(1, 200_000) | st.integers(1, 3_000_000), right=pins)
    def a_merchant_asks_for_a_payout(self, name: str, minor: int, right: bool) -> None:
        self.does(name, "payout", minor, right)

    @precondition(lambda self: bool(self.model.payouts))
    @rule(data=st.data(), is_sent=st.booleans(), paid=st.booleans())
    def the_bank_is_heard_of_a_payout(self, data: Any, is_sent: bool, paid: bool) -> None:
        payout_id = data.draw(st.sampled_from(list(self.model.payouts)))
        if is_sent and self.model.payouts[payout_id].state == "requested":
            self.town.payout_sent(payout_id)
            self.model.payouts[payout_id].state = "sent"
        self.perform(OPERATOR, -payout_id, ("settle", payout_id, paid))

    @rule(name=st.sampled_from([*NAMES, *MERCHANTS, "agent"]), frozen=st.sampled_from([1, 0, 0]))
    def the_operator_freezes_or_thaws(self, name: str, frozen: int) -> None:
        if name in self.cast:
            self.model.people[name].status = "frozen" if frozen else "active"
            self.town.set_status(self.cast[name], self.model.people[name].status)

    @precondition(lambda self: bool(self.past))
    @rule(data=st.data())
    def a_command_is_sent_again_with_its_key(self, data: Any) -> None:
        """Done before: replayed. Refused before: decided anew."""
        self.perform(*data.draw(st.sampled_from(self.past)))

    @precondition(lambda self: bool(self.past))
    @rule(data=st.data(), minor=amounts)
    def a_key_is_used_with_other_contents(self, data: Any, minor: int) -> None:
        actor, key, act = data.draw(st.sampled_from(self.past))
        if act[0] in {"send", "pay", "cash_in"}:
            self.perform(actor, key, (*act[:2], minor, act[3]))

    # What is always so ---------------------------------------------------------------------------

    @invariant()
    def every_balance_is_the_models(self) -> None:
        if not hasattr(self, "model"):
            return
        ids = {each.id: name for name, each in self.cast.items()}
        found = {
            (ids[holder], kind, currency): minor
            for holder, kind, currency, minor in self.town.sql(
                "SELECT holder_id, kind, currency, balance_minor FROM accounts"
                " WHERE holder_id = ANY(:ids) AND balance_minor <> 0", ids=list(ids),
            )
        }  # fmt: skip
        after = self.operators()
        for name in after.keys() | self.before.keys():
            if after.get(name, 0) != self.before.get(name, 0):
                found["operator", *name] = after.get(name, 0) - self.before.get(name, 0)
        expected = {
            name: minor
            for name, minor in self.model.balances.items()
            if minor and name[1] != "held"
        }
        assert found == expected

    @invariant()
    def what_is_used_of_the_limits_is_the_models(self) -> None:
        if not hasattr(self, "model"):
            return
        used = self.town.sql(
            "SELECT holder_id, day, day_out_minor, month_out_minor FROM limit_usage"
            " WHERE holder_id = ANY(:ids)", ids=[each.id for each in self.cast.values()],
        )  # fmt: skip
        found = {holder: (day, out, month) for holder, day, out, month in used}
        last = {name: max(each.spent) for name, each in self.model.people.items() if each.spent}
        assert found == {
            self.cast[name].id: (day, *self.model.spent_by(name, day)) for name, day in last.items()
        }

    @invariant()
    def released_and_returned_and_held_are_the_amount(self) -> None:
        if not hasattr(self, "model") or not self.model.contracts:
            return
        found = self.town.sql(
            "SELECT c.id, c.released_minor, c.returned_minor, a.balance_minor, c.amount_minor,"
            " c.closed_at IS NULL FROM contracts c JOIN accounts a ON a.id = c.id"
            " WHERE c.id = ANY(:ids)", ids=list(self.model.contracts),
        )  # fmt: skip
        assert len(found) == len(self.model.contracts)
        for id_, released, returned, left, amount, is_open in found:
            held = self.model.contracts[id_]
            assert (released, returned, left) == (held.released, held.returned, held.left)
            assert released + returned + left == amount
            assert is_open == (left > 0)

    def operators(self) -> dict[tuple[str, str], int]:
        """The operator's own balances, which the stories share."""
        return {
            (kind, currency): int(minor)
            for kind, currency, minor in self.town.sql(
                "SELECT kind, currency, balance_minor FROM accounts"
                " WHERE holder_id IS NULL AND kind <> 'escrow'"
            )
        }

    def teardown(self) -> None:
        assert check_books(self.town.service.engine) == []
        self.each_done_command_was_posted_once()

    def each_done_command_was_posted_once(self) -> None:
        if not hasattr(self, "model"):
            return
        done = {
            uuid5(SALT, f"{self.number}/{key}") for (_, key) in self.model.done if key > 0
        }  # fmt: skip
        found = self.town.sql("SELECT key FROM postings WHERE key = ANY(:keys)", keys=list(done))
        assert sorted(key for (key,) in found) == sorted(done)


@pytest.mark.rule(
    "Any interleaving of all flows, contracts among them, does what a model of the whole service "
    "does."
)
def test_any_interleaving_of_flows_does_what_the_model_does(shared_town):
    class Here(Story):
        town = shared_town

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=15,
            stateful_step_count=40,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
