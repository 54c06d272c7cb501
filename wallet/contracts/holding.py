"""Holding: how a flow puts money of a wallet into a new contract, and what the payer is charged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wallet.contracts.records import Contract, NewContract
from wallet.ledger.accounts import Account, Kind
from wallet.ledger.facts import Facts, Holder
from wallet.ledger.posting import Leg, NewAccount, Row
from wallet.money import Money
from wallet.people.parties import check_funds


@dataclass(frozen=True, slots=True)
class Charged:
    """What leaves a wallet: the amount and, on top, the tariff's fee, which is not given back."""

    amount: Money
    fee: Money
    source: Account
    balance: Money

    def legs(self, target: Account, facts: Facts) -> tuple[Leg, ...]:
        """Return the legs that take the amount to `target`, and the fee to us."""
        legs = [Leg(self.source, -(self.amount + self.fee)), Leg(target, self.amount)]
        if self.fee.is_positive:
            legs.append(Leg(facts.operator(Kind.FEES, self.fee.currency), self.fee))
        return tuple(legs)


def charge(payer: Holder, source: Account, amount: Money, facts: Facts) -> Charged:
    """Return what `amount` costs by the tariff of sends. Raises `Refused` without the funds."""
    fee = facts.market(payer).fee("send", amount)
    check_funds(source, amount + fee)
    return Charged(amount, fee, source, source.balance - (amount + fee))


def hold(
    facts: Facts,
    origin: str,
    source: Account,
    amount: Money,
    deadline_at: datetime,
    *,
    payee: Account | None = None,
    payee_msisdn: str | None = None,
    description: str | None = None,
    at_deadline: str = "release",
) -> tuple[Contract, Account, tuple[Row, ...]]:
    """Return a new contract without a till, its own account, and the rows that open both."""
    assert source.holder_id is not None, source
    contract = Contract(
        id=facts.id,
        origin=origin,
        payer_id=source.holder_id,
        payee_id=None if payee is None else payee.holder_id,
        payee_msisdn=payee_msisdn,
        payer_account_id=source.id,
        payee_account_id=None if payee is None else payee.id,
        till=None,
        description=description,
        currency=amount.currency,
        amount_minor=amount.minor,
        released_minor=0,
        returned_minor=0,
        disputed_minor=0,
        at_deadline=at_deadline,
        steps=None,
        steps_done=None,
        pricing_id=None,
        opened_at=facts.now,
        deadline_at=deadline_at,
        closed_at=None,
    )
    own = Account(contract.id, None, Kind.ESCROW, contract.currency)
    return contract, own, (NewAccount(own, facts.now), NewContract(contract))
