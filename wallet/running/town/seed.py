"""Fills the town, through the flows that fill any town; done again it changes nothing.

Every command's key follows from who and what it is for, so a second run replays the first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid5

from wallet.clock import id_of
from wallet.errors import Code, Refused
from wallet.fx.makers import LONGEST_LIFETIME_S, post_price
from wallet.fx.rates import ReferenceRate, set_rate
from wallet.ledger.accounts import Kind
from wallet.ledger.poster import WORKER
from wallet.money import parse_amount
from wallet.onboarding import agent, merchant, partner, register
from wallet.onboarding.records import ClientSecret, holder_id_of
from wallet.people.pin import Pin
from wallet.running.hiring import hire
from wallet.running.town.people import (
    CUSTOMERS,
    HOUSE,
    KIOSKS,
    MAKERS,
    NEEMA,
    PRICES,
    RATES,
    SHOPS,
    STAFF,
    Firm,
    Kiosk,
    Person,
    Shop,
)
from wallet.service import Service
from wallet.transfers import cash_in, deposit

_KEYS: Final = UUID("0f4ff1e8-6a55-4c15-9d55-6f1a30c1b703")


@dataclass(frozen=True, slots=True)
class Client:
    """A firm as it signs in; its secret is in `people`."""

    holder_id: int
    client_id: str


Clients = Mapping[str, Client]
"""By the firm's name."""


@dataclass(frozen=True, slots=True)
class Seed:
    """Gives the commands. `owner_url` is the database's as its tables' owner, who alone lets people
    work for the operator; `skip` are people who will register themselves.
    """

    service: Service
    owner_url: str
    skip: frozenset[str] = frozenset()

    def plant(self) -> Clients:
        """Let everybody in and fund them, then post rates and prices."""
        hire(self.service, self.owner_url, list(map(self.person, STAFF)))
        actor = self.person(NEEMA)
        for kiosk in KIOSKS:
            self.kiosk(kiosk, actor)
        for shop in SHOPS:
            self.shop(shop, actor)
        clients = {firm.name: self.firm(firm, actor) for firm in (HOUSE, *MAKERS)}
        for customer in CUSTOMERS:
            if customer.msisdn not in self.skip:
                self.customer(customer)
        self.prices(clients)
        return clients

    @staticmethod
    def key(*names: str) -> UUID:
        """Return the key of the one command that has these names."""
        return uuid5(_KEYS, "/".join(names))

    def person(self, person: Person) -> int:
        """Register somebody; return their holder id, also where they had registered before."""
        command = register.Command(
            WORKER, self.key("register", person.msisdn), Pin(person.pin), person.msisdn,
            person.name, person.language, person.market, None, person.tier,
        )  # fmt: skip
        try:
            return _id(self._once(register.decide, command)["reference"])
        except Refused as refusal:
            if refusal.code != Code.ALREADY_REGISTERED:
                raise
        found = holder_id_of(self.service.engine, person.msisdn)
        assert found is not None, person
        return found

    def kiosk(self, kiosk: Kiosk, actor: int) -> None:
        """Make somebody an agent, and deposit their float."""
        keeper = self.person(kiosk.keeper)
        key = self.key("kiosk", kiosk.keeper.msisdn)
        self._once(agent.decide, agent.Command(actor, key, keeper, kiosk.name))
        self.deposit(keeper, Kind.FLOAT, kiosk.float_amount, kiosk.currency)

    def shop(self, shop: Shop, actor: int) -> None:
        """Make somebody a merchant."""
        command = merchant.Command(
            actor, self.key("shop", shop.owner.msisdn), self.person(shop.owner), shop.name,
            "Nairobi", shop.category, shop.period_s, ("KES",),
            tuple((label, number) for number, label in shop.tills), shop.bank,
        )  # fmt: skip
        self._once(merchant.decide, command)

    def firm(self, firm: Firm, actor: int) -> Client:
        """Let an institution join, with the secret that is published here, and fund it."""
        currencies = tuple(currency for _, currency in firm.deposits)
        command = partner.Command(
            actor, self.key("firm", firm.name), firm.name, firm.role, "KE", currencies,
            ClientSecret(firm.secret),
        )  # fmt: skip
        joined = self._once(partner.decide, command)
        id_ = _id(joined["holder_id"])
        kind = partner.ACCOUNT_OF_ROLE[firm.role]
        for amount, currency in firm.deposits:
            self.deposit(id_, kind, amount, currency)
        return Client(id_, joined["client_id"])

    def customer(self, person: Person) -> None:
        """Register a customer, and let their market's agent take their cash."""
        self.person(person)
        kiosk = next(each for each in KIOSKS if each.keeper.market == person.market)
        assert person.cash is not None
        command = cash_in.Command(
            self.person(kiosk.keeper), self.key("cash", person.msisdn), Pin(kiosk.keeper.pin),
            person.msisdn, parse_amount(person.cash, kiosk.currency),
        )  # fmt: skip
        self._once(cash_in.decide, command)

    def deposit(self, holder: int, kind: str, amount: str, currency: str) -> None:
        """Issue e-money by the service's own hand: staff would need a second pair of eyes."""
        key = self.key("deposit", str(holder), currency)
        money = parse_amount(amount, currency)
        command = deposit.Command(WORKER, key, holder, kind, money, "opening deposit")
        self._once(deposit.decide, command)

    def prices(self, clients: Clients) -> None:
        """Post reference rates and makers' prices as of now; they last a day."""
        engine, now = self.service.engine, self.service.clock.now()
        for quoted, mid in RATES:
            set_rate(engine, ReferenceRate("USD", quoted, Decimal(mid), "the demo town", now), now)
        for price in PRICES:
            post_price(
                engine, clients[price.maker].holder_id, ("USD", price.quoted),
                (Decimal(price.bid), Decimal(price.ask)), parse_amount(price.size, "USD"),
                LONGEST_LIFETIME_S, now, self.service.markets,
            )  # fmt: skip

    def _once(self, decide: Callable[[Any, Any], Any], command: Any) -> dict[str, Any]:  # noqa: ANN401 -- whatever the JSON holds
        return dict(self.service.poster.post(decide, command).answer)


def seed(service: Service, owner_url: str, *, without: tuple[Person, ...] = ()) -> Clients:
    """Fill the town, but for those who will register themselves; return the firms' client ids."""
    return Seed(service, owner_url, frozenset(person.msisdn for person in without)).plant()


def _id(text: str) -> int:
    found = id_of(text)
    assert found is not None, text
    return found
