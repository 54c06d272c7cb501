"""Limits by tier, from the market's data file: per transaction, day, month and balance.

They are the holder's, not the wallet's, and days and months are those of the holder's own
calendar. Codes are the GSMA's. Which limit is asked of what, in one table: `Limits` in
`wallet/markets/__init__.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, ClassVar

from wallet.errors import Code, Refused
from wallet.ledger.facts import Facts, Holder
from wallet.ledger.rows import ReadRow, WrittenRow, inserted, of_holder
from wallet.money import Money

if TYPE_CHECKING:
    from wallet.ledger.accounts import Account
    from wallet.markets import Limits


@of_holder("limit_usage")
@inserted("limit_usage", key="holder_id, currency", replaces=True)
@dataclass(frozen=True, slots=True)
class Usage(ReadRow, WrittenRow):
    """How much of a holder's limits is used in `currency`, as of the local `day`."""

    holder_id: int
    currency: str
    day: date
    day_out_minor: int = 0
    month_out_minor: int = 0
    day_in_minor: int = 0
    month_in_minor: int = 0

    READ: ClassVar[str]
    RANK: ClassVar[int] = 5

    @property
    def id(self) -> tuple[int, str]:
        """Whose, and of which currency."""
        return (self.holder_id, self.currency)

    def apply(self, facts: Facts) -> None:
        facts.add_record(self)


def _usage(facts: Facts, holder: Holder, currency: str) -> Usage:
    """Return what the holder has used of the present day and month."""
    today = facts.today(holder)
    usage = facts.row_of_holder(Usage, (holder.id, currency))
    if usage is None:
        return Usage(holder.id, currency, today)
    if usage.day >= today:  # later: counted by a clock ahead of ours, and not to be forgotten
        return usage
    if (usage.day.year, usage.day.month) == (today.year, today.month):
        return replace(usage, day=today, day_out_minor=0, day_in_minor=0)
    return Usage(holder.id, currency, today)


def check_out(facts: Facts, holder: Holder, amount: Money) -> Usage:
    """Return the usage row that sending or paying `amount` writes; fees do not count."""
    check_one(facts.market(holder).limits_of(holder.tier, amount.currency), amount)
    return check_total(facts, holder, amount)


def check_one(limits: Limits, amount: Money, **whose: str) -> None:
    """Raise `Refused` where one transaction is too small or too large; `whose` is told with it."""
    if amount.minor < limits.minimum_minor:
        least = Money(amount.currency, limits.minimum_minor)
        raise Refused(Code.LESS_THAN_TRANSACTION_MIN_VALUE, minimum=least.text, **whose)
    if amount.minor > limits.per_transaction_minor:
        most = Money(amount.currency, limits.per_transaction_minor)
        raise Refused(Code.GREATER_THAN_TRANSACTION_MAX_VALUE, maximum=most.text, **whose)


def check_total(facts: Facts, holder: Holder, amount: Money) -> Usage:
    """Return the usage row that `amount` writes, however many transactions it is for."""
    limits = facts.market(holder).limits_of(holder.tier, amount.currency)
    usage = _usage(facts, holder, amount.currency)
    day, month = usage.day_out_minor + amount.minor, usage.month_out_minor + amount.minor
    if day > limits.daily_out_minor:
        left = Money(amount.currency, max(0, limits.daily_out_minor - usage.day_out_minor))
        raise Refused(Code.DAILY_VALUE_LIMIT_EXCEEDED, remaining=left.text)
    if month > limits.monthly_out_minor:
        left = Money(amount.currency, max(0, limits.monthly_out_minor - usage.month_out_minor))
        raise Refused(Code.MONTHLY_VALUE_LIMIT_EXCEEDED, remaining=left.text)
    used = (day, month, usage.day_in_minor, usage.month_in_minor)
    return Usage(holder.id, amount.currency, usage.day, *used)


def check_cash_in(
    facts: Facts, customer: Holder, wallet: Account, amount: Money
) -> tuple[Usage, ...]:
    """Return the usage rows that cash taken from a customer writes.

    It is a transaction of the customer's own, who is not known by a sender of whom the same was
    asked: the least and the most for one transaction are theirs.
    """
    limits = facts.market(customer).limits_of(customer.tier, amount.currency)
    check_one(limits, amount, of="receiver")
    return check_in(facts, customer, wallet, amount)


def check_in(facts: Facts, holder: Holder, wallet: Account, amount: Money) -> tuple[Usage, ...]:
    """Return the usage rows that receiving `amount` writes: none where nothing limits it."""
    limits = facts.market(holder).limits_of(holder.tier, amount.currency)
    rows: tuple[Usage, ...] = ()
    if limits.monthly_in_minor is not None:
        usage = _usage(facts, holder, amount.currency)
        month = usage.month_in_minor + amount.minor
        if month > limits.monthly_in_minor:
            left = max(0, limits.monthly_in_minor - usage.month_in_minor)
            remaining = Money(amount.currency, left).text
            raise Refused(Code.MONTHLY_VALUE_LIMIT_EXCEEDED, remaining=remaining, of="receiver")
        day = usage.day_in_minor + amount.minor
        rows = (replace(usage, day_in_minor=day, month_in_minor=month),)
    if wallet.balance_minor + amount.minor > limits.balance_minor:
        raise Refused(Code.MAX_BALANCE_EXCEEDED)
    return rows
