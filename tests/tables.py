"""What a test looks up or writes by SQL: balances, texts, and what no flow makes yet."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from tests.roles import owner_sql
from wallet.money import Money
from wallet.service import Service


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
class Tables:
    """The database below `service`."""

    service: Service

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

    def destination(
        self,
        merchant: Person,
        kind: str,
        bank_code: str = "",
        account: str = "",
        name: str = "",
        *,
        is_default: bool = False,
    ) -> int:
        """Insert a confirmed destination of a merchant's payouts; return its id."""
        id_ = self.new_id()
        self.sql(
            "INSERT INTO destinations (id, merchant_id, kind, bank_code, account, account_name,"
            " state, added_at, confirmed_at, usable_from) VALUES (:id, :merchant, :kind,"
            " :bank_code, :account, :name, 'confirmed', :now, :now, :now)",
            id=id_, merchant=merchant.id, kind=kind, bank_code=bank_code, account=account,
            name=name, now=self.now,
        )  # fmt: skip
        if is_default:
            self.sql(
                "UPDATE merchants SET destination_id = :id WHERE holder_id = :merchant",
                id=id_, merchant=merchant.id,
            )  # fmt: skip
        return id_

    @staticmethod
    def new_key() -> UUID:
        return uuid4()

    def new_id(self) -> int:
        return self.service.ids.next(self.now)

    def sql(self, statement: str, **values: Any) -> list[Any]:
        """Run one statement in a transaction of its own; return its rows, where it has any."""
        with self.service.engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return list(result.all()) if result.returns_rows else []

    def owner_sql(self, statement: str, **values: Any) -> list[Any]:
        """Run what the application may not, as the owner of the tables."""
        return owner_sql(self.service.engine, statement, **values)

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
