"""A small town to test in: people, agents, merchants, partners and makers, made in one line each.

Everybody's PIN is 7294. What a flow can do goes through the flow; the rest (who is an agent, a
till, a quote) is written to its table. Amounts are minor units, of KES where nothing else is said.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from tests.tables import Agent, Business, Merchant, Person, Tables
from wallet.clock import Clock, FakeClock, id_of
from wallet.escrow import give_back, pay, release
from wallet.fx import top_up
from wallet.ledger.poster import Receipt
from wallet.money import Money
from wallet.onboarding import register
from wallet.payouts import finish, payout
from wallet.people.pin import Pin
from wallet.running.settings import read_settings
from wallet.service import Service
from wallet.transfers import cash_in, deposit, send

START = datetime(2026, 1, 5, 9, tzinfo=UTC)  # a Monday, noon in Nairobi
PIN = "7294"
OTHER_PIN = "8305"
WRONG_PIN = "0852"
NUMBERS = {"KE": "+2547110{:05d}", "PH": "+6391700{:05d}", "TH": "+6681000{:04d}"}
CURRENCIES = {"KE": "KES", "PH": "PHP", "TH": "THB"}


@dataclass
class Town(Tables):
    """Makes people and lets them act, through `service`."""

    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    cashier: Agent | None = None

    # Who lives here ----------------------------------------------------------------------------

    def person(
        self,
        name: str = "",
        *,
        balance: int = 0,
        market: str = "KE",
        tier: int = 1,
        pin: str | None = PIN,
        msisdn: str | None = None,
        language: str = "en",
    ) -> Person:
        """Register somebody, and pay in what they have."""
        number = next(self.numbers)
        msisdn = msisdn or NUMBERS[market].format(number)
        name = name or f"Person {number}"
        chosen = None if pin is None else Pin(pin)
        command = register.Command(
            0, uuid4(), chosen, msisdn, name, language, market, None, tier
        )  # fmt: skip
        person = Person(
            self.id_in(self.service.poster.post(register.decide, command)), msisdn, name
        )
        if balance:
            self.pay_in(person, balance, CURRENCIES[market])
        return person

    def agent(self, name: str = "", *, float_minor: int = 0, **person: Any) -> Agent:
        """Register an agent, and issue their float."""
        someone = self.person(name, **person)
        number = str(10_000 + next(self.numbers))
        self.sql(
            "INSERT INTO agents (holder_id, number, name) VALUES (:id, :number, :name)",
            id=someone.id, number=number, name=f"Agent {someone.name}",
        )  # fmt: skip
        if float_minor:
            self.issue(someone.id, "float", float_minor)
        return Agent(someone.id, someone.msisdn, someone.name, number)

    def merchant(
        self,
        name: str = "",
        *,
        period_s: int = 86400,
        currencies: tuple[str, ...] = ("KES",),
        bank: tuple[str, str, str] | None = ("01", "1234567", "Duka Ltd"),
        **person: Any,
    ) -> Merchant:
        """Register a merchant with a till; `period_s` is how long payments are held."""
        someone = self.person(name, **person)
        till = str(50_000 + next(self.numbers))
        self.sql(
            "INSERT INTO merchants (holder_id, name, city, category, escrow_period_s)"
            " VALUES (:id, :name, 'Nairobi', '5411', :period_s)",
            id=someone.id, name=f"Duka {someone.name}", period_s=period_s,
        )  # fmt: skip
        if bank is not None:
            self.destination(someone, "bank", *bank, is_default=True)
        self.sql(
            "INSERT INTO tills (number, merchant_id, label) VALUES (:till, :id, 'Front')",
            till=till, id=someone.id,
        )  # fmt: skip
        for currency in currencies:
            self.open_account(someone.id, "settlement", currency)
        return Merchant(someone.id, someone.msisdn, someone.name, till)

    def business(self, name: str = "") -> Business:
        """Insert a holder without a phone."""
        id_ = self.new_id()
        name = name or f"Business {next(self.numbers)}"
        self.sql(
            "INSERT INTO holders (id, name, language, market, tier, registered_at)"
            " VALUES (:id, :name, 'en', 'KE', 1, :now)",
            id=id_, name=name, now=self.now,
        )  # fmt: skip
        return Business(id_, name)

    def partner(
        self,
        name: str = "",
        *,
        prefund: int = 0,
        currency: str = "USD",
        secret_mac: bytes = b"",
        role: str = "partner",
    ) -> Business:
        """Insert a partner, and issue its prefund."""
        business = self.business(name)
        self.sql(
            "INSERT INTO partners (holder_id, client_id, secret_mac, role)"
            " VALUES (:id, :client_id, :secret_mac, :role)",
            id=business.id, client_id=f"client-{business.id}", secret_mac=secret_mac, role=role,
        )  # fmt: skip
        if prefund:
            self.issue(business.id, "prefund", prefund, currency)
        return business

    def maker(self, name: str = "", **inventory: int) -> Business:
        """Insert a market maker with inventory: `maker(KES=1_000_000)`."""
        business = self.partner(name, role="maker")
        for currency, minor in inventory.items():
            self.issue(business.id, "maker", minor, currency)
        return business

    def operator(self, name: str = "") -> Person:
        """Register somebody who works for the operator."""
        someone = self.person(name)
        self.owner_sql("INSERT INTO operators (holder_id) VALUES (:id)", id=someone.id)
        return someone

    # What they do ------------------------------------------------------------------------------

    def issue(self, holder_id: int, kind: str, minor: int, currency: str = "KES") -> Receipt:
        """Issue e-money into a float, a prefund or an inventory."""
        command = deposit.Command(0, uuid4(), holder_id, kind, Money(currency, minor), "bank 1")
        return self.service.poster.post(deposit.decide, command)

    def pay_in(self, person: Person, minor: int, currency: str = "KES") -> None:
        """Give somebody a balance: an agent of the town's takes their cash in."""
        if self.cashier is None:
            self.cashier = self.agent("Cashier")
        self.issue(self.cashier.id, "float", minor, currency)
        ((market, tier),) = self.sql(
            "SELECT market, tier FROM holders WHERE id = :id", id=person.id
        )
        most = self.service.markets[market].limits_of(tier, currency).per_transaction_minor
        for paid in range(0, minor, most):
            self.cash_in(self.cashier, person, min(most, minor - paid), currency)

    def cash_in(
        self,
        agent: Person,
        customer: Person,
        minor: int,
        currency: str = "KES",
        *,
        pin: str = PIN,
        key: UUID | None = None,
    ) -> Receipt:
        command = cash_in.Command(
            agent.id, key or uuid4(), Pin(pin), customer.msisdn, Money(currency, minor)
        )
        return self.service.poster.post(cash_in.decide, command)

    def send(
        self,
        sender: Person,
        receiver: Person,
        minor: int,
        currency: str = "KES",
        *,
        pin: str = PIN,
        key: UUID | None = None,
    ) -> Receipt:
        command = send.Command(
            sender.id, key or uuid4(), Pin(pin), receiver.msisdn, Money(currency, minor)
        )
        return self.service.poster.post(send.decide, command)

    def pay(
        self,
        payer: Person,
        merchant: Merchant,
        minor: int,
        currency: str = "KES",
        *,
        pin: str = PIN,
        key: UUID | None = None,
    ) -> Receipt:
        command = pay.Command(
            payer.id, key or uuid4(), Pin(pin), merchant.till, Money(currency, minor)
        )
        return self.service.poster.post(pay.decide, command)

    def hold(self, payer: Person, merchant: Merchant, minor: int) -> int:
        """Pay into a contract; return its id."""
        contract_id = id_of(self.pay(payer, merchant, minor).answer["contract"])
        assert contract_id is not None
        return contract_id

    def release(
        self,
        payer: Person,
        contract_id: int,
        minor: int | None = None,
        *,
        pin: str = PIN,
        key: UUID | None = None,
    ) -> Receipt:
        amount = None if minor is None else Money("KES", minor)
        command = release.Command(payer.id, key or uuid4(), Pin(pin), contract_id, amount)
        return self.service.poster.post(release.decide, command)

    def release_due(self, contract_id: int) -> Receipt:
        return self.service.poster.post(release.decide_due, release.Due(contract_id))

    def give_back(
        self,
        payee: Person,
        contract_id: int,
        minor: int | None = None,
        *,
        pin: str = PIN,
        key: UUID | None = None,
    ) -> Receipt:
        amount = None if minor is None else Money("KES", minor)
        command = give_back.Command(payee.id, key or uuid4(), Pin(pin), contract_id, amount)
        return self.service.poster.post(give_back.decide, command)

    def top_up(
        self,
        partner: Business,
        quote_id: int,
        source: Money,
        target: Money,
        *,
        key: UUID | None = None,
    ) -> Receipt:
        command = top_up.Command(partner.id, key or uuid4(), quote_id, source, target, "Aunt Joy")
        return self.service.poster.post(top_up.decide, command)

    def payout(
        self, merchant: Merchant, minor: int, *, pin: str = PIN, key: UUID | None = None
    ) -> Receipt:
        command = payout.Command(merchant.id, key or uuid4(), Pin(pin), Money("KES", minor))
        return self.service.poster.post(payout.decide, command)

    def payout_sent(self, payout_id: int) -> None:
        """Do what the worker does once the bank has the file."""
        self.sql("UPDATE payouts SET state = 'sent', sent_at = :now WHERE id = :id",
                 id=payout_id, now=self.now)  # fmt: skip

    def settle(self, payout_id: int, *, paid: bool) -> Receipt:
        failure = None if paid else "account closed"
        command = finish.Settled(payout_id, "KES", paid, failure)
        return self.service.poster.post(finish.decide_settled, command)

    @staticmethod
    def id_in(receipt: Receipt) -> int:
        """The id that a receipt's reference stands for."""
        id_ = id_of(receipt.answer["reference"])
        assert id_ is not None
        return id_


@contextmanager
def started(database_url: str, redis_url: str, clock: Clock | None = None) -> Iterator[Service]:
    """A service on these servers; on a clock that stands still where none is given."""
    service = Service.start(
        read_settings({}),
        database_url=database_url,
        redis_url=redis_url,
        clock=clock or FakeClock(START),
    )
    try:
        yield service
    finally:
        service.close()
