"""Deposit: money has arrived in the trust bank account, and operators issue e-money for it.

This is the only way e-money comes into being: agents' floats, partners' prefunds, makers'
inventories. What is issued always equals what the trust account holds.

Four eyes, whatever the amount: a limit could be passed in slices. Only the service's own hand,
which fills a town to try things in and which no request can lend, issues without being asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final
from uuid import UUID

from wallet.approvals.approve import Approvable
from wallet.clock import reference
from wallet.errors import Code, Refused
from wallet.ledger.accounts import Account, Kind
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.poster import WORKER
from wallet.ledger.posting import Decision, Leg, NewAccount, Posting, Row
from wallet.money import Money
from wallet.people.agents import AgentRecord
from wallet.people.parties import party
from wallet.transfers.deposit_records import Arrival, Deposited, arrival_id

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
        """The holder's accounts, the trust account, and what was issued for the same arrival."""
        return Needs(
            holders=(self.holder_id,),
            operator=((Kind.TRUST, self.amount.currency),),
            records=((Arrival, self.arrival_id), (AgentRecord, self.holder_id)),
        )

    @property
    def arrival_id(self) -> int:
        """What stands for the line of the bank's that is meant."""
        return arrival_id(self.amount.currency, self.bank_reference)


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
    if command.kind == Kind.FLOAT and facts.record(AgentRecord, holder.id) is None:
        raise Refused(Code.NOT_AN_AGENT)
    if command.actor != WORKER and command.approved_by is None:
        raise Refused(Code.APPROVAL_NEEDED)
    account = facts.account(holder.id, command.kind, command.amount.currency)
    rows = _counted_once(command, facts)
    if account is None:
        account = Account(facts.new_id(), holder.id, command.kind, command.amount.currency)
        rows = (NewAccount(account, facts.now), *rows)
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


def _counted_once(command: Command, facts: Facts) -> tuple[Row, ...]:
    """Return the row that keeps a bank reference from being used again, or raise that it was.

    The service's own hand types none: it has no bank behind it.
    """
    if command.approved_by is None:
        return ()
    used = facts.record(Arrival, command.arrival_id)
    if used is not None:
        raise Refused(Code.BANK_REFERENCE_USED, deposit=reference(used.posting_id))
    return (
        Deposited(
            Arrival(command.arrival_id, facts.id), command.amount.currency, command.bank_reference,
            command.actor, command.approved_by, facts.now,
        ),
    )  # fmt: skip


APPROVABLE: Final = Approvable(Command, decide)
