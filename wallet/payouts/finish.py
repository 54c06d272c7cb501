"""What came of a payout: paid, failed, or never sent.

Paid moves the money out of the trust account; failed, or never sent, moves it back to the merchant,
fee included. A time-out moves nothing: the rail is asked again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final
from uuid import UUID, uuid5

from wallet.clock import reference
from wallet.errors import Code, Refused
from wallet.ledger.accounts import Kind
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.poster import WORKER
from wallet.ledger.posting import Decision, Leg, Posting, Row
from wallet.payouts.payout import text_to, text_values
from wallet.payouts.records import Payout, PayoutSettled, SchedulePaused

_SETTLED: Final = UUID("5f0e7c44-8a6d-4f63-8f0f-0c5f5f6c1f02")
_RETURNED: Final = UUID("5f0e7c44-8a6d-4f63-8f0f-0c5f5f6c1f03")


@dataclass(frozen=True, slots=True)
class Settled:
    """The rail has said what became of a payout. The key follows from it: it happens once."""

    KIND: ClassVar[str] = "payout_settled"

    payout_id: int
    currency: str
    paid: bool
    failure: str | None = None
    actor: int = WORKER

    @property
    def key(self) -> UUID:
        """One for each payout, whatever the rail says: the first final word stands."""
        return uuid5(_SETTLED, str(self.payout_id))

    def needs(self) -> Needs:
        """The payout, and where its amount and fee may go."""
        return Needs(
            operator=(
                (Kind.IN_TRANSIT, self.currency),
                (Kind.TRUST, self.currency),
                (Kind.FEES, self.currency),
            ),
            records=((Payout, self.payout_id),),
        )


@dataclass(frozen=True, slots=True)
class Returned:
    """A payout that never left us goes back.

    Cash was not collected in time, its batch was declined, or no rail goes where it should.
    """

    KIND: ClassVar[str] = "payout_returned"

    payout_id: int
    currency: str
    actor: int = WORKER

    @property
    def key(self) -> UUID:
        """One for each payout."""
        return uuid5(_RETURNED, str(self.payout_id))

    def needs(self) -> Needs:
        """The payout, and the account it waits in."""
        return Needs(
            operator=((Kind.IN_TRANSIT, self.currency),), records=((Payout, self.payout_id),)
        )


def decide_settled(command: Settled, facts: Facts) -> Decision:
    """Return the posting that ends a payout, or why it is not to be done."""
    payout = facts.record(Payout, command.payout_id)
    if payout is None:
        raise Refused(Code.NOT_FOUND)
    if payout.state not in {"sent", "unknown"}:
        raise Refused(Code.INCORRECT_STATE, state=payout.state)
    if not command.paid:
        return _given_back(payout, command.failure, facts)
    transit = facts.operator(Kind.IN_TRANSIT, payout.currency)
    legs = [
        Leg(transit, -(payout.amount + payout.fee)),
        Leg(facts.operator(Kind.TRUST, payout.currency), payout.amount),
    ]
    if payout.fee.is_positive:
        legs.append(Leg(facts.operator(Kind.FEES, payout.currency), payout.fee))
    return Decision(
        Posting("payout_paid", tuple(legs), payout.merchant_id),
        answer={"reference": reference(payout.id), "kind": "payout_paid"},
        texts=text_to(facts.holders[payout.merchant_id], "payout_paid", text_values(payout)),
        rows=(PayoutSettled(replace(payout, state="paid"), facts.now, None),),
    )


def decide_returned(command: Returned, facts: Facts) -> Decision:
    """Return the posting that takes a payout back, or why it is not to be done."""
    payout = facts.record(Payout, command.payout_id)
    if payout is None:
        raise Refused(Code.NOT_FOUND)
    if payout.state == "collectible":
        assert payout.expires_at is not None, payout
        if facts.now < payout.expires_at:
            raise Refused(Code.INCORRECT_STATE, state="collectible")
        return _given_back(payout, "not collected in time", facts)
    if payout.state == "requested" and payout.batch_state == "declined":
        return _given_back(payout, "declined by the operator", facts)
    waits_for_nothing = payout.next_at is not None and facts.now >= payout.next_at
    if payout.state == "requested" and payout.batch_id is None and waits_for_nothing:
        return _given_back(payout, "no way there", facts)
    raise Refused(Code.INCORRECT_STATE, state=payout.state)


def _given_back(payout: Payout, failure: str | None, facts: Facts) -> Decision:
    """Return the posting of a failed payout: amount and fee are the merchant's again."""
    merchant, total = facts.holders[payout.merchant_id], payout.amount + payout.fee
    settlement = facts.account(payout.merchant_id, Kind.SETTLEMENT, payout.currency)
    assert settlement is not None, "a payout came from it"
    transit = facts.operator(Kind.IN_TRANSIT, payout.currency)
    rows: tuple[Row, ...] = (PayoutSettled(replace(payout, state="failed"), facts.now, failure),)
    values = text_values(payout) | {"balance": (settlement.balance + total).shown}
    texts = text_to(merchant, "payout_failed", values)
    if payout.is_scheduled:  # else it would go to the same place, and fail, for ever
        rows = (*rows, SchedulePaused(payout.merchant_id, payout.currency, facts.now))
        texts = (*texts, *text_to(merchant, "payouts_paused", {}))
    return Decision(
        Posting(
            "payout_failed", (Leg(transit, -total), Leg(settlement, total)),
            None, payout.merchant_id,
        ),
        answer={"reference": reference(payout.id), "kind": "payout_failed"},
        texts=texts,
        rows=rows,
    )  # fmt: skip
