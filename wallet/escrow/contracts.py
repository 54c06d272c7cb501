"""Contracts: one payment held between a payer and a payee, in an account of its own.

A contract's id is also its account's and its payment's, so people know it by one reference. What
is held is the account's balance; released + returned + held is always the amount. Money in the
account reaches only the payer's or the payee's account: the database refuses all else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from wallet.errors import Code, Refused
from wallet.ledger.facts import Needs
from wallet.money import Money

if TYPE_CHECKING:
    from wallet.ledger.accounts import Account
    from wallet.ledger.facts import Facts


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract as one batch sees it, and its row as it shall be written."""

    id: int
    payer_id: int
    payee_id: int
    payer_account_id: int
    payee_account_id: int
    till: str | None
    currency: str
    amount_minor: int
    released_minor: int
    returned_minor: int
    opened_at: datetime
    deadline_at: datetime
    closed_at: datetime | None
    merchant: str | None = None  # the name over the till, which is how the payer knows the payee

    LOCK: ClassVar[str] = """
        SELECT id, payer_id, payee_id, payer_account_id, payee_account_id, till, currency,
               amount_minor, released_minor, returned_minor, opened_at, deadline_at, closed_at,
               (SELECT m.name FROM merchants m WHERE m.holder_id = c.payee_id)
          FROM contracts c
         WHERE id = ANY(%(ids)s)
         ORDER BY id
           FOR NO KEY UPDATE
    """
    RANK: ClassVar[int] = 1

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return the contract of one row of LOCK."""
        return cls(*row)

    def needs(self) -> Needs:
        """Both parties, and the contract's own account."""
        return Needs(holders=(self.payer_id, self.payee_id), accounts=(self.id,))

    @property
    def amount(self) -> Money:
        return Money(self.currency, self.amount_minor)

    @property
    def released_amount(self) -> Money:
        return Money(self.currency, self.released_minor)

    @property
    def returned_amount(self) -> Money:
        return Money(self.currency, self.returned_minor)

    @property
    def held(self) -> Money:
        """What is neither released nor returned: the balance of the contract's account."""
        left = self.amount_minor - self.released_minor - self.returned_minor
        return Money(self.currency, left)

    def check_currency(self, amount: Money | None) -> None:
        """Raise `Refused` where `amount` is in another currency than the contract."""
        if amount is not None and amount.currency != self.currency:
            raise Refused(Code.CURRENCY_NOT_SUPPORTED, currency=amount.currency)

    def check_open(self) -> None:
        """Raise `Refused` where everything has been released or returned."""
        if self.closed_at is not None:
            raise Refused(Code.CONTRACT_CLOSED)

    def part(self, amount: Money | None) -> Money:
        """Return what an act moves: `amount`, or all that is held where none is named.

        Raises `Refused` where the contract holds less.
        """
        assert self.closed_at is None, self
        if amount is None:
            return self.held
        assert amount.is_positive, amount
        if amount > self.held:
            raise Refused(Code.MORE_THAN_HELD, held=self.held.text)
        return amount

    def released(self, part: Money, now: datetime) -> ContractMoved:
        """Return the row after `part` went to the payee."""
        return self._moved(replace(self, released_minor=self.released_minor + part.minor), now)

    def returned(self, part: Money, now: datetime) -> ContractMoved:
        """Return the row after `part` went back to the payer."""
        return self._moved(replace(self, returned_minor=self.returned_minor + part.minor), now)

    def _moved(self, after: Contract, now: datetime) -> ContractMoved:
        closed = replace(after, closed_at=None if after.held.is_positive else now)
        return ContractMoved(closed)

    def accounts(self, facts: Facts) -> tuple[Account, Account, Account]:
        """Return the contract's own account, the payer's and the payee's."""
        return (
            facts.accounts[self.id],
            facts.accounts[self.payer_account_id],
            facts.accounts[self.payee_account_id],
        )


@dataclass(frozen=True, slots=True)
class NewContract:
    """A contract that a payment opens; its account is opened before it."""

    WRITE: ClassVar[str] = """
        INSERT INTO contracts (id, payer_id, payee_id, payer_account_id, payee_account_id, till,
                               currency, amount_minor, opened_at, deadline_at)
        SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
                             %s::text[], %s::text[], %s::bigint[], %s::timestamptz[],
                             %s::timestamptz[])
    """
    RANK: ClassVar[int] = 2

    contract: Contract

    @property
    def identity(self) -> int:
        return self.contract.id

    def values(self) -> tuple[Any, ...]:
        contract = self.contract
        return (
            contract.id,
            contract.payer_id,
            contract.payee_id,
            contract.payer_account_id,
            contract.payee_account_id,
            contract.till,
            contract.currency,
            contract.amount_minor,
            contract.opened_at,
            contract.deadline_at,
        )

    def apply(self, facts: Facts) -> None:
        facts.records[(Contract, self.contract.id)] = self.contract


@dataclass(frozen=True, slots=True)
class ContractMoved:
    """A contract's parts as they stand after an act."""

    WRITE: ClassVar[str] = """
        UPDATE contracts c
           SET released_minor = v.released_minor, returned_minor = v.returned_minor,
               closed_at = v.closed_at
          FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[])
               AS v (id, released_minor, returned_minor, closed_at)
         WHERE c.id = v.id
    """
    RANK: ClassVar[int] = 3

    contract: Contract

    @property
    def identity(self) -> int:
        return self.contract.id

    def values(self) -> tuple[Any, ...]:
        contract = self.contract
        parts = (contract.released_minor, contract.returned_minor)
        return (contract.id, *parts, contract.closed_at)

    def apply(self, facts: Facts) -> None:
        facts.records[(Contract, self.contract.id)] = self.contract
