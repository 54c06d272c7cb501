"""Deposit: money has arrived in the trust bank account, and operators issue e-money for it.

This is the only way e-money comes into being: agents' floats, partners' prefunds, makers'
inventories. What is issued always equals what the trust account holds.

Four eyes, whatever the amount: a limit could be passed in slices. Only the service's own hand,
which fills a town to try things in and which no request can lend, issues without being asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wallet.errors import Code, Refused
from wallet.flows.parties import party
from wallet.ledger.accounts import Account, Kind
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.poster import WORKER
from wallet.ledger.posting import Decision, Leg, NewAccount, Posting, Row
from wallet.money import Money

FUNDED = (Kind.FLOAT, Kind.PREFUND, Kind.MAKER)


@dataclass(frozen=True, slots=True)
class Command:
    """`actor` is an operator who asked, or the service itself.

    The account of `kind` is opened where the holder has none.
    """

    KIND: ClassVar[str] = "deposit"

    actor: int
    key: UUID
    holder_id: int
    kind: str
    amount: Money
    bank_reference: str
    approved_by: int | None = None

    def needs(self) -> Needs:
        """The holder's accounts and the trust account."""
        return Needs(holders=(self.holder_id,), operator=((Kind.TRUST, self.amount.currency),))


def decide(command: Command, facts: Facts) -> Decision:
    """Return the posting, or raise the first refusal in `Code` order."""
    assert command.amount.is_positive
    if command.kind not in FUNDED:
        raise Refused(Code.FORMAT_ERROR, field="kind", one_of=[str(kind) for kind in FUNDED])
    holder = facts.holder(command.holder_id)
    if holder is None:
        raise Refused(Code.RECEIVER_UNKNOWN)
    if holder.id in {command.actor, command.approved_by}:
        raise Refused(Code.OWN_TRANSACTION)
    if holder.status == "closed":
        raise Refused(Code.RECEIVER_CLOSED)
    if command.kind == Kind.FLOAT and holder.agent_number is None:
        raise Refused(Code.NOT_AN_AGENT)
    if command.actor != WORKER and command.approved_by is None:
        raise Refused(Code.APPROVAL_NEEDED)
    account = facts.account(holder.id, command.kind, command.amount.currency)
    rows: tuple[Row, ...] = ()
    if account is None:
        account = Account(facts.new_id(), holder.id, command.kind, command.amount.currency)
        rows = (NewAccount(account, facts.now),)
    trust = facts.operator(Kind.TRUST, command.amount.currency)
    return Decision(
        Posting(
            "deposit",
            (Leg(trust, -command.amount), Leg(account, command.amount)),
            receiver_id=holder.id,
        ),
        answer={
            "reference": facts.reference,
            "kind": "deposit",
            "amount": command.amount.json,
            "receiver": party(holder),
            "balance": (account.balance + command.amount).json,
            "bank_reference": command.bank_reference,
            "posted_at": facts.now.isoformat(),
        },
        rows=rows,
    )
