"""Bank return: the bank sends a payment back after it was paid; it is the merchant's again.

Only what arrived is given back. The fee is not: the payment was made, and it was the destination
that would not keep it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID, uuid5

from wallet.clock import reference
from wallet.errors import Code, Refused
from wallet.ledger.accounts import Kind
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.poster import WORKER
from wallet.ledger.posting import Decision, Leg, Posting
from wallet.ledger.rows import WrittenRow, inserted
from wallet.payouts.payout import text_to, text_values
from wallet.payouts.records import Payout

_RETURNED: Final = UUID("0a8f3f4e-3f0d-4bd1-9d0c-6f3b7f7a2c51")


@dataclass(frozen=True, slots=True)
class Command:
    """The statement shows the return. The key follows from the payout: it happens once."""

    KIND: ClassVar[str] = "payout_sent_back"

    payout_id: int
    currency: str
    actor: int = WORKER

    @property
    def key(self) -> UUID:
        """The same for every worker that reads the statement."""
        return uuid5(_RETURNED, str(self.payout_id))

    def needs(self) -> Needs:
        """The payout, and where its money comes back to."""
        return Needs(operator=((Kind.TRUST, self.currency),), records=((Payout, self.payout_id),))


@inserted("payout_returns", key="payout_id")
@dataclass(frozen=True, slots=True)
class SentBack(WrittenRow):
    """That a payout came back, by which posting."""

    RANK: ClassVar[int] = 5

    payout_id: int
    posting_id: int
    returned_at: datetime


def decide(command: Command, facts: Facts) -> Decision:
    """Return the posting, or raise the first refusal in `Code` order."""
    payout = facts.record(Payout, command.payout_id)
    if payout is None:
        raise Refused(Code.NOT_FOUND)
    merchant = facts.holders[payout.merchant_id]
    if merchant.status == "closed":
        raise Refused(Code.RECEIVER_CLOSED)
    if payout.state != "paid" or payout.destination.kind != "bank":
        raise Refused(Code.INCORRECT_STATE, state=payout.state)
    settlement = facts.account(merchant.id, Kind.SETTLEMENT, payout.currency)
    assert settlement is not None, "a payout came from it"
    trust, balance = facts.operator(Kind.TRUST, payout.currency), settlement.balance + payout.amount
    return Decision(
        Posting(
            command.KIND,
            (Leg(trust, -payout.amount), Leg(settlement, payout.amount)),
            receiver_id=merchant.id,
            original_id=payout.id,
        ),
        answer={
            "reference": facts.reference,
            "kind": command.KIND,
            "payout": reference(payout.id),
            "amount": payout.amount.json,
            "posted_at": facts.now.isoformat(),
        },
        texts=text_to(merchant, "payout_failed", text_values(payout) | {"balance": balance.shown}),
        rows=(SentBack(payout.id, facts.id, facts.now),),
    )
