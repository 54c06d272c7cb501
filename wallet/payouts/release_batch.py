"""Batches of payouts above the market's limit: two operators release one, one declines it.

What is declined, or what nobody has released in time, goes back to its merchants.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final
from uuid import UUID

from wallet.approvals.approve import Approvable
from wallet.clock import reference
from wallet.errors import Code, Refused
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.posting import Decision, Posting
from wallet.payouts.batch_records import BatchDecided, PayoutBatch


@dataclass(frozen=True, slots=True)
class Release:
    """`actor` asks for it, another operator approves (wallet/approvals/approve.py)."""

    KIND: ClassVar[str] = "release_payouts"

    actor: int
    key: UUID
    batch_id: int
    approved_by: int | None = None

    def needs(self) -> Needs:
        """The batch."""
        return Needs(records=((PayoutBatch, self.batch_id),))


@dataclass(frozen=True, slots=True)
class Decline:
    """One operator is enough to let the money go back."""

    KIND: ClassVar[str] = "decline_payouts"

    actor: int
    key: UUID
    batch_id: int
    reason: str

    def needs(self) -> Needs:
        """The batch."""
        return Needs(records=((PayoutBatch, self.batch_id),))


def decide_release(command: Release, facts: Facts) -> Decision:
    """Return the released batch, or raise the first refusal in `Code` order."""
    batch = _waiting(command.batch_id, facts)
    if command.approved_by is None:
        raise Refused(Code.APPROVAL_NEEDED)
    return _decided(command.KIND, batch, "released", command.approved_by, facts)


def decide_decline(command: Decline, facts: Facts) -> Decision:
    """Return the declined batch, or raise the first refusal in `Code` order."""
    batch = _waiting(command.batch_id, facts)
    decision = _decided(command.KIND, batch, "declined", command.actor, facts)
    return replace(decision, answer={**decision.answer, "reason": command.reason})


def _waiting(batch_id: int, facts: Facts) -> PayoutBatch:
    batch = facts.record(PayoutBatch, batch_id)
    if batch is None:
        raise Refused(Code.NOT_FOUND)
    if batch.state != "waiting_approval":
        raise Refused(Code.INCORRECT_STATE, state=batch.state)
    if facts.now >= batch.next_at:
        raise Refused(Code.INCORRECT_STATE, state="lapsed")
    return batch


def _decided(kind: str, batch: PayoutBatch, state: str, by: int, facts: Facts) -> Decision:
    return Decision(
        Posting(kind),
        answer={
            "reference": facts.reference,
            "kind": kind,
            "batch": reference(batch.id),
            "state": state,
            "total": batch.total.json,
            "count": batch.payout_count,
            "posted_at": facts.now.isoformat(),
        },
        rows=(BatchDecided(batch, state, by, facts.now),),
    )


APPROVABLE: Final = Approvable(Release, decide_release)
