"""Prepaid plans: a number of steps (visits, lessons, washes) for one price, paid out one by one.

Prices are minor units of the whole plan. A bought plan is a contract with steps; each step is
worth the price divided by the steps, rounded down, and the last one takes what remains. A step is
confirmed by its payer: with their PIN, or by a one-time code that they hand to the merchant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final

from wallet.contracts.descriptions import check_description
from wallet.contracts.periods import LONGEST_DAYS
from wallet.contracts.records import Contract
from wallet.errors import Code, Refused
from wallet.ledger.accounts import Kind
from wallet.ledger.facts import Needs
from wallet.ledger.rows import WrittenRow, inserted, record, updated
from wallet.merchants.pricing import Priced, Pricing
from wallet.money import Money

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts

FEWEST_STEPS: Final = 2
MOST_STEPS: Final = 100
LONGEST_NAME: Final = 40


@record(
    "plans l",
    join="""
    JOIN merchants m ON m.holder_id = l.merchant_id
    LEFT JOIN pricings p ON p.id = m.pricing_id
    """,
    merchant="m.name",
    joined={"pricing": Pricing.COLUMNS},
)
@dataclass(frozen=True, slots=True)
class Plan(Priced):
    """What a merchant sells. Its terms never change, so its reference names a price too."""

    id: int
    merchant_id: int
    name: str
    steps: int
    currency: str
    price_minor: int
    period_days: int
    offered_at: datetime
    withdrawn_at: datetime | None = None
    merchant: str = ""  # the name on the shop
    pricing: Pricing | None = None  # the merchant's terms today

    RANK: ClassVar[int] = 80

    def needs(self) -> Needs:
        """Who sells it, and where the buyer's fee goes."""
        return Needs(holders=(self.merchant_id,), operator=((Kind.FEES, self.currency),))

    @property
    def price(self) -> Money:
        return Money(self.currency, self.price_minor)


@inserted("plans", "id, merchant_id, name, steps, currency, price_minor, period_days, offered_at")
@dataclass(frozen=True, slots=True)
class NewPlan(WrittenRow):
    """A plan is offered."""

    RANK: ClassVar[int] = 2

    plan: Plan

    def apply(self, facts: Facts) -> None:
        facts.add_record(self.plan)


@updated("plans", "withdrawn_at")
@dataclass(frozen=True, slots=True)
class PlanWithdrawn(WrittenRow):
    """A plan is sold no longer."""

    RANK: ClassVar[int] = 3

    plan: Plan
    withdrawn_at: datetime

    def apply(self, facts: Facts) -> None:
        withdrawn = replace(self.plan, withdrawn_at=self.withdrawn_at)
        facts.add_record(withdrawn)


def check_terms(name: str, steps: int, price: Money, period_days: int) -> str:
    """Return a plan's name with its spaces tidied. Raises `Refused` for impossible terms."""
    tidy = check_description(name)
    if len(tidy) > LONGEST_NAME:
        raise Refused(Code.DESCRIPTION_MALFORMED, field="name", longest=LONGEST_NAME)
    if not FEWEST_STEPS <= steps <= MOST_STEPS:
        expected = f"{FEWEST_STEPS} to {MOST_STEPS}"
        raise Refused(Code.FORMAT_ERROR, field="steps", expected=expected)
    if not 1 <= period_days <= LONGEST_DAYS:
        raise Refused(
            Code.PERIOD_OUT_OF_RANGE,
            field="period_days",
            shortest_days=1,
            longest_days=LONGEST_DAYS,
        )
    if price.minor < steps:  # a step worth nothing could not be paid out
        least = Money(price.currency, steps)
        raise Refused(Code.FORMAT_ERROR, field="price", expected=f"at least {least.text}")
    return tidy


def check_plan(contract: Contract) -> None:
    """Raise `Refused` where a contract is no plan, and so has no steps to confirm."""
    if contract.steps is None:
        raise Refused(Code.NOT_A_PLAN)


def check_no_plan(contract: Contract) -> None:
    """Raise `Refused` where a contract is a plan: it is paid out by its steps alone."""
    if contract.steps is not None:
        assert contract.steps_done is not None
        raise Refused(Code.PAID_BY_VISIT, left=contract.steps - contract.steps_done)


def next_step(contract: Contract) -> tuple[int, Money]:
    """Return the number of a plan's next step and what it is worth, exact in the sum."""
    assert contract.steps is not None
    assert contract.steps_done is not None
    assert contract.steps_done < contract.steps, contract
    step = contract.steps_done + 1
    earned_minor = contract.amount_minor
    if step < contract.steps:
        earned_minor = contract.amount_minor // contract.steps * step
    return step, Money(contract.currency, earned_minor - contract.released_minor)


def shown(plan: Plan) -> Mapping[str, Any]:
    """Return a plan's terms as receipts tell them."""
    return {
        "name": plan.name,
        "steps": plan.steps,
        "price": plan.price.json,
        "period_days": plan.period_days,
    }
