"""A small town to test in: people, agents, merchants, partners and makers, made in one line each.

Everybody's PIN is 7294. What a flow can do goes through the flow; the rest (who is an agent, a
till, a quote) is written to its table. Amounts are minor units, of KES where nothing else is said.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from wallet.clock import Clock, FakeClock, id_of
from wallet.config import Settings
from wallet.flows import cash_in, deposit, give_back, pay, payout, register, release, send, top_up
from wallet.ledger.poster import Receipt
from wallet.money import Money
from wallet.people.pin import Pin
from wallet.service import Service

START = datetime(2026, 1, 5, 9, tzinfo=UTC)  # a Monday, noon in Nairobi
PIN = "7294"
OTHER_PIN = "8305"
WRONG_PIN = "0852"
NUMBERS = {"KE": "+2547110{:05d}", "PH": "+6391700{:05d}", "TH": "+6681000{:04d}"}
CURRENCIES = {"KE": "KES", "PH": "PHP", "TH": "THB"}


@dataclass(frozen=True)
class Person:
    """A holder with a phone."""

    id: int
    msisdn: str
    name: str


@dataclass(frozen=True)
class Agent(Person):
    """Takes cash in; `number` is what customers type."""

    number: str


@dataclass(frozen=True)
class Merchant(Person):
    """Has one till."""

    till: str


@dataclass(frozen=True)
class Business:
    """A partner or a maker: comes by API, has no phone and no PIN."""

    id: int
    name: str


@dataclass
class Town:
    """Makes people and lets them act, through `service`."""

    service: Service
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
            "INSERT INTO merchants (holder_id, name, city, category, escrow_period_s,"
            " bank_code, bank_account, bank_account_name)"
            " VALUES (:id, :name, 'Nairobi', '5411', :period_s, :code, :account, :owner)",
            id=someone.id, name=f"Duka {someone.name}", period_s=period_s,
            **dict(zip(("code", "account", "owner"), bank or (None, None, None), strict=True)),
        )  # fmt: skip
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
        self.sql("INSERT INTO operators (holder_id) VALUES (:id)", id=someone.id)
        return someone

    # Prices ------------------------------------------------------------------------------------

    def rate(self, base: str, quoted: str, mid: str) -> None:
        """Set a reference rate, as of now."""
        self.sql(
            "INSERT INTO reference_rates (base, quoted, mid, source, as_of)"
            " VALUES (:base, :quoted, :mid, 'test', :now)"
            " ON CONFLICT (base, quoted) DO UPDATE SET mid = excluded.mid, as_of = excluded.as_of",
            base=base, quoted=quoted, mid=mid, now=self.now,
        )  # fmt: skip

    def price(
        self,
        maker: Business,
        base: str,
        quoted: str,
        bid: str,
        ask: str,
        *,
        size: int = 10**9,
        lifetime_s: int = 3600,
    ) -> None:
        """Post a maker's two-way price."""
        self.sql(
            "INSERT INTO maker_prices (maker_id, base, quoted, bid, ask, size_minor, posted_at,"
            " expires_at) VALUES (:id, :base, :quoted, :bid, :ask, :size, :now, :expires_at)",
            id=maker.id, base=base, quoted=quoted, bid=bid, ask=ask, size=size, now=self.now,
            expires_at=self.now + timedelta(seconds=lifetime_s),
        )  # fmt: skip

    def quote(
        self,
        partner: Business,
        maker: Business,
        receiver: Person,
        source: Money,
        target: Money,
        *,
        fee: int = 0,
        margin: int = 0,
        lifetime_s: int = 120,
    ) -> int:
        """Insert a quote that nobody has accepted yet; return its id."""
        id_ = self.new_id()
        self.sql(
            "INSERT INTO quotes (id, partner_id, maker_id, receiver_id, source_currency,"
            " source_minor, fee_minor, margin_minor, target_currency, target_minor, rate,"
            " quoted_at, expires_at) VALUES (:id, :partner, :maker, :receiver, :source_currency,"
            " :source, :fee, :margin, :target_currency, :target, 1, :now, :expires_at)",
            id=id_, partner=partner.id, maker=maker.id, receiver=receiver.id,
            source_currency=source.currency, source=source.minor, fee=fee, margin=margin,
            target_currency=target.currency, target=target.minor, now=self.now,
            expires_at=self.now + timedelta(seconds=lifetime_s),
        )  # fmt: skip
        return id_

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
        self.cash_in(self.cashier, person, minor, currency)

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
        command = payout.Settled(payout_id, "KES", paid, failure)
        return self.service.poster.post(payout.decide_settled, command)

    # What can be seen --------------------------------------------------------------------------

    def balance(self, holder: Any, kind: str = "wallet", currency: str = "KES") -> int:
        """The balance of somebody's account; `holder` None is the operator."""
        rows = self.sql(
            "SELECT balance_minor FROM accounts WHERE holder_id IS NOT DISTINCT FROM :id"
            " AND kind = :kind AND currency = :currency",
            id=None if holder is None else holder.id, kind=kind, currency=currency,
        )  # fmt: skip
        return int(rows[0][0]) if rows else 0

    def held(self, contract_id: int) -> int:
        """What a contract's account holds."""
        (row,) = self.sql("SELECT balance_minor FROM accounts WHERE id = :id", id=contract_id)
        return int(row[0])

    def texts(self, person: Person) -> list[str]:
        """Everything somebody was texted, oldest first."""
        query = "SELECT body FROM texts WHERE msisdn = :msisdn ORDER BY id"
        return [row[0] for row in self.sql(query, msisdn=person.msisdn)]

    @property
    def now(self) -> datetime:
        return self.service.clock.now()

    # Below the surface -------------------------------------------------------------------------

    def set_status(self, holder: Any, status: str) -> None:
        self.sql("UPDATE holders SET status = :status WHERE id = :id", status=status, id=holder.id)

    def open_account(self, holder_id: int, kind: str, currency: str) -> int:
        """Open an account that no flow opens."""
        id_ = self.new_id()
        self.sql(
            "INSERT INTO accounts (id, holder_id, kind, currency, opened_at)"
            " VALUES (:id, :holder_id, :kind, :currency, :now)",
            id=id_, holder_id=holder_id, kind=kind, currency=currency, now=self.now,
        )  # fmt: skip
        return id_

    def new_id(self) -> int:
        return self.service.ids.next(self.now)

    def sql(self, statement: str, **values: Any) -> list[Any]:
        """Run one statement in a transaction of its own; return its rows, where it has any."""
        with self.service.engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return list(result.all()) if result.returns_rows else []

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
        Settings.from_env({}),
        database_url=database_url,
        redis_url=redis_url,
        clock=clock or FakeClock(START),
    )
    try:
        yield service
    finally:
        service.close()
