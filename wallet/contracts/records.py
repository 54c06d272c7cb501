"""Contracts: one payment held between a payer and a payee, in an account of its own.

A contract's id is also its account's and its payment's, so people know it by one reference. What
is held is the account's balance; released + returned + held is always the amount. Money in the
account reaches only the payer's or the payee's account: the database refuses all else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from wallet.errors import Code, Refused
from wallet.ledger.accounts import Kind
from wallet.ledger.facts import Needs
from wallet.ledger.rows import WrittenRow, inserted, record, updated
from wallet.merchants.pricing import Priced, Pricing
from wallet.money import Money

if TYPE_CHECKING:
    from wallet.ledger.accounts import Account
    from wallet.ledger.facts import Facts


@record(
    "contracts c",
    join="""
    LEFT JOIN merchants m ON m.holder_id = c.payee_id
    LEFT JOIN pricings p ON p.id = c.pricing_id
    """,
    joined={
        "merchant": "CASE WHEN c.till IS NOT NULL OR c.origin = 'plan' THEN m.name END",
        "pricing": Pricing.COLUMNS,
    },
)
@dataclass(frozen=True, slots=True)
class Contract(Priced):
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

    RANK: ClassVar[int] = 10

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
        rest = self.rest
        if not rest.is_positive or (amount is not None and amount > rest):
            raise self.more_than_held()
        assert amount is None or amount.is_positive, amount
        return rest if amount is None else amount

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
        held = after.held
        assert 0 <= after.disputed_minor <= held.minor, after
        closed_at = None if held.is_positive else now
        if after.closed_at is not closed_at:  # seldom, and to replace one of so many fields is slow
            after = replace(after, closed_at=closed_at)
        return ContractMoved(after)

    def accounts(self, facts: Facts) -> tuple[Account, Account, Account]:
        """Return the contract's own account, the payer's and the payee's, who must be known."""
        assert self.payee_account_id is not None, self
        return (
            facts.accounts[self.id],
            facts.accounts[self.payer_account_id],
            facts.accounts[self.payee_account_id],
        )


@inserted(
    "contracts",
    "id, origin, payer_id, payee_id, payee_msisdn, payer_account_id, payee_account_id, till,"
    " description, currency, amount_minor, at_deadline, steps, steps_done, pricing_id, opened_at,"
    " deadline_at",
)
@dataclass(frozen=True, slots=True)
class NewContract(WrittenRow):
    """A contract that a payment opens; its account is opened before it."""

    RANK: ClassVar[int] = 2

    contract: Contract

    def apply(self, facts: Facts) -> None:
        facts.add_record(self.contract)


@updated(
    "contracts",
    "released_minor, returned_minor, disputed_minor, steps_done, payee_id, payee_account_id,"
    " deadline_at, closed_at, commission_minor",
)
@dataclass(frozen=True, slots=True)
class ContractMoved(WrittenRow):
    """What an act, or time, may change of a contract; the rest of it is fixed."""

    RANK: ClassVar[int] = 3

    contract: Contract

    def apply(self, facts: Facts) -> None:
        facts.add_record(self.contract)
