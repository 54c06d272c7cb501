"""Plans: a merchant offers one and withdraws it, a customer buys it.

What is bought is held in one contract with steps; it goes back to the payer at the end, but for
the steps that were confirmed. Limits and fee are those of a payment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

from wallet.clock import reference
from wallet.contracts.periods import DAY_S, deadline
from wallet.contracts.records import Contract, NewContract
from wallet.contracts.texts import texts_to
from wallet.errors import Code, Refused
from wallet.ledger.accounts import Account, Kind
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.posting import Decision, Leg, Moment, NewAccount, Posting, Text
from wallet.money import Money
from wallet.people.limits import Usage, check_out
from wallet.people.parties import check_active, check_funds, check_sender, phone_of, wallet_of
from wallet.people.pin import Pin, PinState, proven
from wallet.plans.records import NewPlan, Plan, PlanWithdrawn, check_terms, shown


@dataclass(frozen=True, slots=True)
class Offer:
    """`actor` is the merchant. `price` is for all `steps` together."""

    KIND: ClassVar[str] = "offer_plan"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)
    name: str
    steps: int
    price: Money
    period_days: int

    def needs(self) -> Needs:
        """The merchant's PIN is guarded."""
        return Needs(holders=(self.actor,), records=((PinState, self.actor),))


@dataclass(frozen=True, slots=True)
class Withdraw:
    """`actor` is the merchant."""

    KIND: ClassVar[str] = "withdraw_plan"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)
    plan_id: int

    def needs(self) -> Needs:
        """The merchant's PIN is guarded; the plan is locked."""
        return Needs(holders=(self.actor,), records=((PinState, self.actor), (Plan, self.plan_id)))


@dataclass(frozen=True, slots=True)
class Buy:
    """`actor` is the payer."""

    KIND: ClassVar[str] = "buy_plan"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)
    plan_id: int

    def needs(self) -> Needs:
        """The payer's PIN is guarded; the plan brings its merchant."""
        records = ((PinState, self.actor), (Plan, self.plan_id))
        return Needs(holders=(self.actor,), records=records, of_holders=(Usage,))


def decide_offer(command: Offer, facts: Facts) -> Decision:
    """Return the new plan, or raise the first refusal in `Code` order."""
    name = check_terms(command.name, command.steps, command.price, command.period_days)
    merchant = facts.holders[command.actor]
    check_sender(merchant)
    currency = command.price.currency
    if facts.account(merchant.id, Kind.SETTLEMENT, currency) is None:
        raise Refused(Code.NO_WALLET_IN_CURRENCY, currency=currency, of="merchant")
    with proven(command.pin, merchant, facts) as pin_rows:
        terms = (name, command.steps, currency, command.price.minor, command.period_days)
        plan = Plan(facts.id, merchant.id, *terms, facts.now)
        return Decision(
            Posting(command.KIND, (), merchant.id),
            answer=_answer(plan, facts, command.KIND),
            rows=(NewPlan(plan), *pin_rows),
        )


def decide_withdraw(command: Withdraw, facts: Facts) -> Decision:
    """Return the end of a plan's sale, or raise the first refusal in `Code` order."""
    plan = facts.record(Plan, command.plan_id)
    if plan is None or plan.merchant_id != command.actor:
        raise Refused(Code.PLAN_UNKNOWN)
    merchant = facts.holders[command.actor]
    check_sender(merchant)
    with proven(command.pin, merchant, facts) as pin_rows:
        if plan.withdrawn_at is not None:
            raise Refused(Code.PLAN_WITHDRAWN)
        return Decision(
            Posting(command.KIND, (), merchant.id),
            answer=_answer(plan, facts, command.KIND),
            rows=(PlanWithdrawn(plan, facts.now), *pin_rows),
        )


def decide_buy(command: Buy, facts: Facts) -> Decision:
    """Return the purchase, or raise the first refusal in `Code` order."""
    plan = facts.record(Plan, command.plan_id)
    if plan is None:
        raise Refused(Code.PLAN_UNKNOWN)
    payer, payee = facts.holders[command.actor], facts.holders[plan.merchant_id]
    if payee.id == payer.id:
        raise Refused(Code.SAME_PARTIES)
    check_active(payer, payee)
    source = wallet_of(facts, payer, plan.currency)
    with proven(command.pin, payer, facts) as pin_rows:
        if plan.withdrawn_at is not None:
            raise Refused(Code.PLAN_WITHDRAWN)
        used = check_out(facts, payer, plan.price)
        fee = facts.market(payer).fee("pay", plan.price)
        total = plan.price + fee
        check_funds(source, total)

        settlement = facts.account(payee.id, Kind.SETTLEMENT, plan.currency)
        assert settlement is not None, plan  # it was there when the plan was offered
        contract = _contract(plan, facts, source, settlement)
        held = Account(contract.id, None, Kind.ESCROW, contract.currency)
        legs = [Leg(source, -total), Leg(held, plan.price)]
        if fee.is_positive:
            legs.append(Leg(facts.operator(Kind.FEES, fee.currency), fee))
        balance = source.balance - total
        return Decision(
            Posting(command.KIND, tuple(legs), payer.id, payee.id),
            answer={
                **_answer(plan, facts, command.KIND),
                "merchant": plan.merchant,
                "fee": fee.json,
                "balance": balance.json,
                "contract": facts.reference,
                "deadline_at": contract.deadline_at.isoformat(),
            },
            texts=_bought(contract, plan, facts, fee, balance),
            rows=(NewAccount(held, facts.now), NewContract(contract), used, *pin_rows),
        )


def _contract(plan: Plan, facts: Facts, source: Account, settlement: Account) -> Contract:
    assert source.holder_id is not None
    zone = facts.market(facts.holders[plan.merchant_id]).zone
    return Contract(
        id=facts.id,
        origin="plan",
        payer_id=source.holder_id,
        payee_id=plan.merchant_id,
        payee_msisdn=None,
        payer_account_id=source.id,
        payee_account_id=settlement.id,
        till=None,
        description=plan.name,
        currency=plan.currency,
        amount_minor=plan.price_minor,
        released_minor=0,
        returned_minor=0,
        disputed_minor=0,
        at_deadline="return",
        steps=plan.steps,
        steps_done=0,
        pricing_id=None if plan.pricing is None else plan.pricing.id,
        opened_at=facts.now,
        deadline_at=deadline(facts.now, plan.period_days * DAY_S, zone),
        closed_at=None,
        merchant=plan.merchant,
        pricing=plan.pricing,
    )


def _answer(plan: Plan, facts: Facts, kind: str) -> dict[str, Any]:
    return {
        "reference": facts.reference,
        "kind": kind,
        "plan": reference(plan.id),
        **shown(plan),
        "posted_at": facts.now.isoformat(),
    }


def _bought(
    contract: Contract, plan: Plan, facts: Facts, fee: Money, balance: Money
) -> tuple[Text, ...]:
    payer, payee = facts.holders[contract.payer_id], facts.holders[plan.merchant_id]
    common: dict[str, str | Moment] = {
        "reference": facts.reference,
        "amount": plan.price.shown,
        "plan": plan.name,
        "steps": str(plan.steps),
    }
    to_payer = {
        **common,
        "name": plan.merchant,
        "fee": fee.shown,
        "balance": balance.shown,
        "deadline": Moment(contract.deadline_at, facts.market(payer).zone),
    }
    to_payee = {
        **common,
        "name": payer.name,
        "phone": phone_of(payer),
        "deadline": Moment(contract.deadline_at, facts.market(payee).zone),
    }
    return texts_to((payer, "plan_bought", to_payer), (payee, "plan_sold", to_payee))
