"""Free reserve: what was kept back of a release goes to the merchant's settlement account.

Nobody commands it: its days are over. The key follows from the reserve, so it happens once,
whichever worker notices and however often one is killed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final
from uuid import UUID, uuid5

from wallet.errors import Code, Refused
from wallet.ledger.accounts import Kind
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.poster import WORKER
from wallet.ledger.posting import Decision, Leg, Posting
from wallet.merchants.reserve_records import Reserve, ReserveFreed

_FREE: Final = UUID("0f4f2d6e-2a4c-4c55-8a35-6f1f3d0b7e11")


@dataclass(frozen=True, slots=True)
class Command:
    """The days of a reserve are over."""

    KIND: ClassVar[str] = "free_reserve"

    reserve_id: int
    actor: int = WORKER

    @property
    def key(self) -> UUID:
        """The same for every worker that notices."""
        return uuid5(_FREE, str(self.reserve_id))

    def needs(self) -> Needs:
        """The reserve brings its merchant."""
        return Needs(records=((Reserve, self.reserve_id),))


def decide(command: Command, facts: Facts) -> Decision:
    """Return the posting, or why it is not (or no longer) to be done."""
    reserve = facts.record(Reserve, command.reserve_id)
    if reserve is None:
        raise Refused(Code.NOT_FOUND)
    if reserve.freed_at is not None:
        raise Refused(Code.INCORRECT_STATE, state="freed")
    if facts.now < reserve.available_at:
        raise Refused(Code.INCORRECT_STATE, state="kept", until=reserve.available_at.isoformat())
    kept = facts.account(reserve.merchant_id, Kind.RESERVE, reserve.currency)
    settlement = facts.account(reserve.merchant_id, Kind.SETTLEMENT, reserve.currency)
    assert kept is not None, "it is kept there"
    assert settlement is not None, "it came from there"
    return Decision(
        Posting(
            "free_reserve",
            (Leg(kept, -reserve.amount), Leg(settlement, reserve.amount)),
            reserve.merchant_id,
            reserve.merchant_id,
        ),
        answer={
            "reference": facts.reference,
            "kind": "free_reserve",
            "amount": reserve.amount.json,
            "kept_at": reserve.kept_at.isoformat(),
            "posted_at": facts.now.isoformat(),
        },
        rows=(ReserveFreed(reserve, facts.now),),
    )
