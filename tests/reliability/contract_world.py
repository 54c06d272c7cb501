"""The real thing beside its model: each act is done to both, and both must say the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from tests.reliability.contract_model import COMMISSION_BPS, DAY, PAYMENT_DAYS, Act, Model
from tests.town import PIN, Town
from tests.wallet.ledger.batches import codes, outcome, together
from tests.wallet.merchants.pricings import price
from wallet.clock import FakeClock, id_of
from wallet.disputes import accept, answer, dispute, silence, split
from wallet.disputes.timers import DISPUTES
from wallet.escrow import decline, extend, give_back, offer, pay, release
from wallet.escrow.jobs import CONTRACTS
from wallet.escrow.reading import see_contract
from wallet.ledger.due import TimerLoop
from wallet.ledger.poster import Receipt
from wallet.money import Money
from wallet.people.pin import Pin

UNKNOWN = 1  # the id of nothing
STATES = {"payee": "raised", "payer": "answered", "both": "negotiating", "operator": "escalated",
          "over": "closed"}  # fmt: skip
IN_HAND = 30_000_000


def kes(minor: int | None) -> Any:
    return None if minor is None else Money("KES", minor)


def of(flow: Any, *contents: Any) -> tuple[Any, Any]:
    return flow.decide, flow.Command(*contents)


@dataclass
class Ids:
    """What only the real thing gives: a pact's contract and its disputes."""

    contract: int
    disputes: list[int]


class World:
    """Two parties, an operator, a stranger and a worker, of a town; the model of the two."""

    def __init__(self, town: Town) -> None:
        self.town = town
        payee = town.merchant(period_s=PAYMENT_DAYS * 86_400)
        price(town, payee, commission_bps=COMMISSION_BPS)
        self.payee = payee
        self.people = {"payer": town.person(balance=IN_HAND), "payee": payee,
                       "stranger": town.person(), "operator": town.operator()}  # fmt: skip
        self.second_operator = town.operator()
        self.model = Model(town.now)
        self.model.balances["payer"] = IN_HAND
        self.ids: list[Ids] = []
        service = town.service
        self.workers = [
            TimerLoop(service.engine, service.poster, CONTRACTS),
            TimerLoop(service.engine, service.poster, DISPUTES),
        ]

    # Acts ----------------------------------------------------------------------------------------

    def does(self, *acts: Act) -> list[str]:
        """Let all of these happen, in one batch; return what both the model and the service say."""
        expected = [self.model.act(act) for act in acts]
        return self.agree(acts, expected)

    def agree(self, acts: Sequence[Act], expected: list[str]) -> list[str]:
        commands = [self.command(act) for act in acts]
        poster = self.town.service.poster
        found = (
            [outcome(poster.post, *commands[0])]
            if len(commands) == 1
            else together(poster, commands)
        )
        assert codes(found) == expected, (acts, found)
        for act, each in zip(acts, found, strict=True):
            if isinstance(each, Receipt):
                self.note(act, each)
        return expected

    def note(self, act: Act, receipt: Receipt) -> None:
        if act.what in {"pay", "offer"} and receipt.answer["contract"]:
            self.ids.append(Ids(_id(receipt.answer["contract"]), []))
        elif act.what == "dispute":
            self.ids[act.pact].disputes.append(_id(receipt.answer["dispute"]))

    def command(self, act: Act) -> tuple[Any, Any]:
        id_ = self.people[act.who].id if act.who in self.people else 0
        start = (id_, uuid4(), Pin(PIN))
        if act.what == "pay":
            return of(pay, *start, self.payee.till, kes(act.minor))
        if act.what == "offer":
            return of(offer, *start, self.payee.msisdn, kes(act.minor), act.days, "A goat")
        contract_id, dispute_id = self.ids[act.pact].contract, self.dispute_id(act)
        match act.what:
            case "release":
                return of(release, *start, contract_id, kes(act.minor), dispute_id)
            case "give_back":
                return of(give_back, *start, contract_id, kes(act.minor), dispute_id)
            case "decline":
                return of(decline, *start, contract_id)
            case "extend":
                return extend.decide, extend.Command(*start, contract_id, days=act.days)
            case "dispute":
                return of(dispute, *start, contract_id, "other", kes(act.minor))
            case "insist" if dispute_id is None:
                return release.decide_due, release.Due(contract_id)
        return self.spoken(act, *start, contract_id, dispute_id)

    def spoken(self, act: Act, *start: Any) -> tuple[Any, Any]:
        actor, key, _, *which = start
        shares = (kes(act.to_payee), kes(act.to_payer))
        match act.what:
            case "concede" | "contest":
                return of(answer, *start, act.what, kes(act.minor))
            case "propose":
                return of(answer, *start, act.what, None, *shares)
            case "accept":
                return of(accept, *start, *shares)
            case "decide":
                second = self.second_operator.id if act.by_two else None
                return of(split, actor, key, *which, *shares, "By the papers", second)
            case "insist":
                return of(silence, *which, self.state(act))
        raise AssertionError(act)

    def dispute_id(self, act: Act) -> int | None:
        if act.quarrel is None:
            return None
        known = self.ids[act.pact].disputes
        return known[act.quarrel] if act.quarrel < len(known) else UNKNOWN

    def state(self, act: Act) -> str:
        """The real dispute's state, which is part of its worker's key."""
        found = self.town.sql("SELECT state FROM disputes WHERE id = :id", id=self.dispute_id(act))
        return str(found[0][0]) if found else "raised"

    # Time ----------------------------------------------------------------------------------------

    def until(self, moment: datetime) -> None:
        """Nobody is up to notice; the clock never goes back."""
        clock = self.town.service.clock
        assert isinstance(clock, FakeClock)
        clock.set(max(moment, clock.now()))
        self.model.now = clock.now()

    def worker_looks(self) -> None:
        while any(worker.step(self.town.now) for worker in self.workers):
            pass
        self.model.settle()

    def somebody_looks(self, who: str, number: int) -> None:
        service = self.town.service
        view = see_contract(
            service.engine, service.poster, self.town.now,
            self.people[who].id, self.ids[number].contract,
        )  # fmt: skip
        assert (view is None) == (who not in {"payer", "payee"})
        if view is not None:
            self.model.settle([self.model.pacts[number]])
            assert view.contract.held.minor == self.model.pacts[number].held

    def let_all_dates_pass(self) -> None:
        """However long it takes, it takes no act."""
        for _ in range(4):
            dates = self.model.dates()
            self.until(max(dates, default=self.town.now) + DAY)
            self.worker_looks()
        assert self.model.dates() == []

    # What must be the same -----------------------------------------------------------------------

    def balances(self) -> dict[str, int]:
        found = self.town.sql(
            "SELECT holder_id, sum(balance_minor) FROM accounts"
            " WHERE holder_id = ANY(:ids) GROUP BY 1",
            ids=[self.people[who].id for who in ("payer", "payee")],
        )
        minor = {holder: int(balance) for holder, balance in found}
        return {who: minor.get(self.people[who].id, 0) for who in ("payer", "payee")}

    def check(self) -> None:
        assert self.balances() == {who: self.model.balances[who] for who in ("payer", "payee")}
        found = self.town.sql(
            "SELECT c.id, c.amount_minor, c.released_minor, c.returned_minor, c.disputed_minor,"
            " a.balance_minor, c.deadline_at, c.closed_at IS NULL FROM contracts c"
            " JOIN accounts a ON a.id = c.id WHERE c.id = ANY(:ids)",
            ids=[each.contract for each in self.ids],
        )  # fmt: skip
        assert {id_: tuple(rest) for id_, *rest in found} == {
            ids.contract: (pact.amount, pact.released, pact.returned, pact.frozen, pact.held,
                           pact.deadline, pact.held > 0)
            for ids, pact in zip(self.ids, self.model.pacts, strict=True)
        }  # fmt: skip
        for _, amount, released, returned, _, held, *_ in found:
            assert released + returned + held == amount
        self.check_quarrels()

    def check_quarrels(self) -> None:
        found = self.town.sql(
            "SELECT id, open_minor, state, due_at, payer_offer_minor, payee_offer_minor"
            " FROM disputes WHERE contract_id = ANY(:ids)",
            ids=[each.contract for each in self.ids],
        )
        assert {id_: tuple(rest) for id_, *rest in found} == {
            id_: (each.open, STATES[each.turn], None if each.turn == "over" else each.due,
                  each.offers.get("payer"), each.offers.get("payee"))
            for ids, pact in zip(self.ids, self.model.pacts, strict=True)
            for id_, each in zip(ids.disputes, pact.quarrels, strict=True)
        }  # fmt: skip

    def check_end(self) -> None:
        """Nothing is locked for ever. The books are summed when the whole town is left."""
        self.let_all_dates_pass()
        self.check()
        assert [pact.held for pact in self.model.pacts] == [0] * len(self.ids)


def _id(text: str) -> int:
    id_ = id_of(text)
    assert id_ is not None
    return id_
