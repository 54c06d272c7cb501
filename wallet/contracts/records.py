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
from wallet.ledger.accounts import Kind
from wallet.ledger.facts import Needs
from wallet.merchants.pricing import Pricing
from wallet.money import Money

if TYPE_CHECKING:
    from wallet.ledger.accounts import Account
    from wallet.ledger.facts import Facts


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract as one batch sees it, and its row as it shall be written."""

    id: int
    origin: str  # payment, offer, claim (of a number not yet registered) or plan
    payer_id: int
    payee_id: int | None  # None until a claim's payee registers
    payee_msisdn: str | None  # of a claim
    payer_account_id: int
    payee_account_id: int | None
    till: str | None
    description: str | None
    currency: str
    amount_minor: int
    released_minor: int
    returned_minor: int
    disputed_minor: int  # the frozen part of what is held
    at_deadline: str  # where the undisputed rest goes by itself: release or return
    steps: int | None  # visits of a prepaid plan
    steps_done: int | None
    pricing_id: int | None  # the merchant's terms when it was paid
    opened_at: datetime
    deadline_at: datetime
    closed_at: datetime | None
    commission_minor: int = 0  # taken so far of what was released
    merchant: str | None = None  # the name over the till, which is how the payer knows the payee
    pricing: Pricing | None = None  # the terms of `pricing_id`

    COLUMNS: ClassVar[str] = """c.id, c.origin, c.payer_id, c.payee_id, c.payee_msisdn,
        c.payer_account_id, c.payee_account_id, c.till, c.description, c.currency, c.amount_minor,
        c.released_minor, c.returned_minor, c.disputed_minor, c.at_deadline, c.steps, c.steps_done,
        c.pricing_id, c.opened_at, c.deadline_at, c.closed_at, c.commission_minor"""
    LOCK: ClassVar[str] = f"""
        SELECT {COLUMNS},
               CASE WHEN c.till IS NOT NULL OR c.origin = 'plan' THEN m.name END,
               {Pricing.COLUMNS}
          FROM contracts c
          LEFT JOIN merchants m ON m.holder_id = c.payee_id
          LEFT JOIN pricings p ON p.id = c.pricing_id
         WHERE c.id = ANY(%(ids)s)
         ORDER BY c.id
           FOR NO KEY UPDATE OF c
    """
    RANK: ClassVar[int] = 1
    PRICING_AT: ClassVar[int] = 23

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return the contract of one row of LOCK."""
        own, terms = row[: cls.PRICING_AT], row[cls.PRICING_AT :]
        return replace(cls(*own), pricing=Pricing.from_columns(terms))

    def needs(self) -> Needs:
        """Both parties, the contract's own account, and where its commission goes."""
        parties = (self.payer_id,) if self.payee_id is None else (self.payer_id, self.payee_id)
        earned = () if self.pricing is None else ((Kind.COMMISSIONS, self.currency),)
        return Needs(holders=parties, accounts=(self.id,), operator=earned)

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

    @property
    def disputed(self) -> Money:
        """The frozen part of what is held; each dispute's own rules move it."""
        return Money(self.currency, self.disputed_minor)

    @property
    def rest(self) -> Money:
        """What is held and not disputed: it keeps its course and its deadline."""
        return self.held - self.disputed

    def check_currency(self, amount: Money | None) -> None:
        """Raise `Refused` where `amount` is in another currency than the contract."""
        if amount is not None and amount.currency != self.currency:
            raise Refused(Code.CURRENCY_NOT_SUPPORTED, currency=amount.currency)

    def check_open(self) -> None:
        """Raise `Refused` where everything has been released or returned."""
        if self.closed_at is not None:
            raise Refused(Code.CONTRACT_CLOSED)

    def part(self, amount: Money | None) -> Money:
        """Return what an act moves: `amount`, or all of the undisputed rest where none is named.

        Raises `Refused` where the rest is less.
        """
        assert self.closed_at is None, self
        if not self.rest.is_positive or (amount is not None and amount > self.rest):
            raise self.more_than_held()
        assert amount is None or amount.is_positive, amount
        return self.rest if amount is None else amount

    def more_than_held(self) -> Refused:
        """What to say to one who asks for more than the undisputed rest."""
        if self.disputed_minor:
            return Refused(Code.MORE_THAN_HELD, held=self.rest.text, disputed=self.disputed.text)
        return Refused(Code.MORE_THAN_HELD, held=self.held.text)

    def released(self, part: Money, now: datetime) -> ContractMoved:
        """Return the row after `part` went to the payee."""
        return self.moved(now, released_minor=self.released_minor + part.minor)

    def returned(self, part: Money, now: datetime) -> ContractMoved:
        """Return the row after `part` went back to the payer."""
        return self.moved(now, returned_minor=self.returned_minor + part.minor)

    def moved(self, now: datetime, **changed: object) -> ContractMoved:
        """Return the row with some of its columns changed, closed once nothing is held."""
        after = replace(self, **changed)  # type: ignore[arg-type]  # named by their own callers
        assert 0 <= after.disputed_minor <= after.held.minor, after
        return ContractMoved(replace(after, closed_at=None if after.held.is_positive else now))

    def accounts(self, facts: Facts) -> tuple[Account, Account, Account]:
        """Return the contract's own account, the payer's and the payee's, who must be known."""
        assert self.payee_account_id is not None, self
        return (
            facts.accounts[self.id],
            facts.accounts[self.payer_account_id],
            facts.accounts[self.payee_account_id],
        )


@dataclass(frozen=True, slots=True)
class NewContract:
    """A contract that a payment opens; its account is opened before it."""

    WRITE: ClassVar[str] = """
        INSERT INTO contracts (id, origin, payer_id, payee_id, payee_msisdn, payer_account_id,
                               payee_account_id, till, description, currency, amount_minor,
                               at_deadline, steps, steps_done, pricing_id, opened_at, deadline_at)
        SELECT * FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::text[],
                             %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[],
                             %s::bigint[], %s::text[], %s::smallint[], %s::smallint[],
                             %s::bigint[], %s::timestamptz[], %s::timestamptz[])
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
            contract.origin,
            contract.payer_id,
            contract.payee_id,
            contract.payee_msisdn,
            contract.payer_account_id,
            contract.payee_account_id,
            contract.till,
            contract.description,
            contract.currency,
            contract.amount_minor,
            contract.at_deadline,
            contract.steps,
            contract.steps_done,
            contract.pricing_id,
            contract.opened_at,
            contract.deadline_at,
        )

    def apply(self, facts: Facts) -> None:
        facts.records[(Contract, self.contract.id)] = self.contract


@dataclass(frozen=True, slots=True)
class ContractMoved:
    """What an act, or time, may change of a contract; the rest of it is fixed."""

    WRITE: ClassVar[str] = """
        UPDATE contracts c
           SET released_minor = v.released_minor, returned_minor = v.returned_minor,
               disputed_minor = v.disputed_minor, steps_done = v.steps_done,
               payee_id = v.payee_id, payee_account_id = v.payee_account_id,
               deadline_at = v.deadline_at, closed_at = v.closed_at,
               commission_minor = v.commission_minor
          FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::smallint[],
                      %s::bigint[], %s::bigint[], %s::timestamptz[], %s::timestamptz[],
                      %s::bigint[])
               AS v (id, released_minor, returned_minor, disputed_minor, steps_done, payee_id,
                     payee_account_id, deadline_at, closed_at, commission_minor)
         WHERE c.id = v.id
    """
    RANK: ClassVar[int] = 3

    contract: Contract

    @property
    def identity(self) -> int:
        return self.contract.id

    def values(self) -> tuple[Any, ...]:
        contract = self.contract
        return (
            contract.id,
            contract.released_minor,
            contract.returned_minor,
            contract.disputed_minor,
            contract.steps_done,
            contract.payee_id,
            contract.payee_account_id,
            contract.deadline_at,
            contract.closed_at,
            contract.commission_minor,
        )

    def apply(self, facts: Facts) -> None:
        facts.records[(Contract, self.contract.id)] = self.contract
