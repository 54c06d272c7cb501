"""Payouts as rows: what a merchant is owed, on its way to a bank."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from wallet.ledger.facts import Needs
from wallet.money import Money

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts


@dataclass(frozen=True, slots=True)
class Destination:
    """A merchant's bank account."""

    bank_code: str
    account: str
    name: str

    @property
    def shown(self) -> str:
        """`bank 01 …4567`: enough to recognise, not enough to misuse."""
        return f"bank {self.bank_code} {self.account[-4:]}"


@dataclass(frozen=True, slots=True)
class Terms:
    """A merchant's payout terms, locked so that a payout goes where the merchant last said."""

    id: int
    destination: Destination | None

    LOCK: ClassVar[str] = """
        SELECT holder_id, bank_code, bank_account, bank_account_name
          FROM merchants
         WHERE holder_id = ANY(%(ids)s)
         ORDER BY holder_id
           FOR NO KEY UPDATE
    """
    RANK: ClassVar[int] = 3

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return the terms of one row of LOCK."""
        destination = Destination(row[1], row[2], row[3]) if row[2] is not None else None
        return cls(row[0], destination)

    def needs(self) -> Needs:
        """Nothing more than the merchant, whom the command names."""
        return Needs()


@dataclass(frozen=True, slots=True)
class Payout:
    """A payout as one batch sees it."""

    id: int
    merchant_id: int
    currency: str
    amount_minor: int
    fee_minor: int
    state: str
    destination: Destination

    LOCK: ClassVar[str] = """
        SELECT id, merchant_id, currency, amount_minor, fee_minor, state, bank_code, bank_account,
               bank_account_name
          FROM payouts
         WHERE id = ANY(%(ids)s)
         ORDER BY id
           FOR NO KEY UPDATE
    """
    RANK: ClassVar[int] = 4

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return the payout of one row of LOCK."""
        id_, merchant_id, currency, amount_minor, fee_minor, state, *bank = row
        destination = Destination(*bank)
        return cls(id_, merchant_id, currency, amount_minor, fee_minor, state, destination)

    def needs(self) -> Needs:
        """The merchant."""
        return Needs(holders=(self.merchant_id,))

    @property
    def amount(self) -> Money:
        return Money(self.currency, self.amount_minor)

    @property
    def fee(self) -> Money:
        return Money(self.currency, self.fee_minor)


@dataclass(frozen=True, slots=True)
class NewPayout:
    """A payout asked for: the worker hands it to the bank."""

    WRITE: ClassVar[str] = """
        INSERT INTO payouts (id, merchant_id, currency, amount_minor, fee_minor, bank_code,
                             bank_account, bank_account_name, next_at, requested_at)
        SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[],
                             %s::text[], %s::text[], %s::text[], %s::timestamptz[],
                             %s::timestamptz[])
    """
    RANK: ClassVar[int] = 4

    payout: Payout
    requested_at: datetime

    @property
    def identity(self) -> int:
        return self.payout.id

    def values(self) -> tuple[Any, ...]:
        payout = self.payout
        where = (payout.destination.bank_code, payout.destination.account, payout.destination.name)
        what = (payout.id, payout.merchant_id, payout.currency)
        amounts = (payout.amount_minor, payout.fee_minor)
        return (*what, *amounts, *where, self.requested_at, self.requested_at)

    def apply(self, facts: Facts) -> None:
        facts.records[(Payout, self.payout.id)] = self.payout


@dataclass(frozen=True, slots=True)
class PayoutSettled:
    """What the bank said at last: paid, or failed with a reason."""

    WRITE: ClassVar[str] = """
        UPDATE payouts p SET state = v.state, settled_at = v.settled_at, failure = v.failure
          FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::text[])
               AS v (id, state, settled_at, failure)
         WHERE p.id = v.id
    """
    RANK: ClassVar[int] = 4

    payout: Payout
    settled_at: datetime
    failure: str | None

    @property
    def identity(self) -> int:
        return self.payout.id

    def values(self) -> tuple[Any, ...]:
        return (self.payout.id, self.payout.state, self.settled_at, self.failure)

    def apply(self, facts: Facts) -> None:
        facts.records[(Payout, self.payout.id)] = self.payout
