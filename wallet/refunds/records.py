"""Refunds as rows: what a merchant gives back of a payment that was released to them.

One at a time for a merchant: whoever refunds, pays out or reverses a payment of theirs locks the
merchant's terms first, and reads what was refunded so far once that lock is held. The database
holds the sum by a rule of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from wallet.errors import Code, Refused
from wallet.ledger.facts import Needs
from wallet.ledger.rows import ReadRow, WrittenRow, inserted, record, updated
from wallet.money import Money

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts


@dataclass(frozen=True, slots=True)
class Payment(ReadRow):
    """What of a payment reached its merchant, and what of that was promised back."""

    id: int
    merchant_id: int
    payer_id: int
    currency: str
    released_minor: int
    merchant: str  # the name over the till
    refunded_minor: int = 0  # waiting ones too
    is_reversed: bool = False

    # Read under the lock of the merchant's terms, which have the lower rank. What was released
    # only grows.
    LOCK: ClassVar[str] = """
        SELECT x.id, x.merchant_id, x.payer_id, x.currency, x.released_minor, m.name,
               (SELECT coalesce(sum(f.amount_minor), 0)::bigint FROM refunds f
                 WHERE f.payment_id = x.id AND f.state <> 'declined'),
               EXISTS (SELECT FROM reversals r WHERE r.original_id = x.id)
          FROM (SELECT c.id, c.payee_id AS merchant_id, c.payer_id, c.currency, c.released_minor
                  FROM contracts c
                  JOIN accounts a ON a.id = c.payee_account_id AND a.kind = 'settlement'
                 WHERE c.id = ANY(%(ids)s::bigint[])
                 UNION ALL
                SELECT p.id, p.receiver_id, p.sender_id, a.currency, e.amount_minor
                  FROM postings p
                  JOIN entries e ON e.posting_id = p.id
                  JOIN accounts a ON a.id = e.account_id AND a.kind = 'settlement'
                 WHERE p.id = ANY(%(ids)s::bigint[]) AND p.kind = 'pay'
                   AND a.holder_id = p.receiver_id) x
          JOIN merchants m ON m.holder_id = x.merchant_id
         ORDER BY x.id
    """
    RANK: ClassVar[int] = 110

    def needs(self) -> Needs:
        """The payer, who gets it back."""
        return Needs(holders=(self.payer_id, self.merchant_id))

    @property
    def released(self) -> Money:
        return Money(self.currency, self.released_minor)

    @property
    def refunded(self) -> Money:
        return Money(self.currency, self.refunded_minor)

    @property
    def left(self) -> Money:
        """What may still be refunded."""
        return self.released - self.refunded

    def part(self, amount: Money | None) -> Money:
        """Return what a refund gives back: `amount`, or all that is left.

        Raises `Refused` where less is left.
        """
        if amount is not None and amount.currency != self.currency:
            raise Refused(Code.CURRENCY_NOT_SUPPORTED, currency=amount.currency)
        if not self.left.is_positive or (amount is not None and amount > self.left):
            raise Refused(
                Code.MORE_THAN_RELEASED,
                released=self.released.text,
                refunded=self.refunded.text,
                left=self.left.text,
            )
        return self.left if amount is None else amount


@dataclass(frozen=True, slots=True)
class RefundsWaiting(ReadRow):
    """A merchant's refunds that wait to be covered, by currency and id, the oldest first."""

    id: int
    waiting: tuple[tuple[str, int], ...] = ()

    LOCK: ClassVar[str] = """
        SELECT m.holder_id,
               coalesce(array_agg(f.currency ORDER BY f.id) FILTER (WHERE f.id IS NOT NULL), '{}'),
               coalesce(array_agg(f.id ORDER BY f.id) FILTER (WHERE f.id IS NOT NULL), '{}')
          FROM merchants m
          LEFT JOIN refunds f   -- index refunds_waiting
            ON f.merchant_id = m.holder_id AND f.state = 'waiting'
         WHERE m.holder_id = ANY(%(ids)s::bigint[])
         GROUP BY m.holder_id
         ORDER BY m.holder_id
    """
    RANK: ClassVar[int] = 120  # like Payment: after the merchant's terms, whose lock guards it

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return what waits, of one row of LOCK."""
        return cls(row[0], tuple(zip(row[1], row[2], strict=True)))

    def first(self, currency: str) -> int | None:
        """Return the id of the refund that is next in this currency."""
        return next((id_ for of, id_ in self.waiting if of == currency), None)


def check_no_refund_waits(merchant_id: int, currency: str, facts: Facts) -> None:
    """Raise `Refused` where a refund of this merchant waits: it comes before any payout.

    `(RefundsWaiting, merchant_id)` must be among the command's records, beside `MerchantLock`.
    """
    waiting = facts.record(RefundsWaiting, merchant_id)
    if waiting is not None and waiting.first(currency) is not None:
        raise Refused(Code.REFUND_WAITING, currency=currency)


@record("refunds f", join="JOIN merchants m ON m.holder_id = f.merchant_id", merchant="m.name")
@dataclass(frozen=True, slots=True)
class Refund(ReadRow):
    """A refund as one batch sees it. Its id is that of the posting that asked for it."""

    id: int
    payment_id: int
    merchant_id: int
    payer_id: int
    currency: str
    amount_minor: int
    state: str
    asked_at: datetime
    ended_at: datetime | None = None
    posting_id: int | None = None
    decline_reason: str | None = None
    waits_until: datetime | None = None  # None where it never waited
    merchant: str = ""

    RANK: ClassVar[int] = 90  # after the merchant's terms

    def needs(self) -> Needs:
        """Both parties."""
        return Needs(holders=(self.merchant_id, self.payer_id))

    @property
    def amount(self) -> Money:
        return Money(self.currency, self.amount_minor)

    def has_waited(self, now: datetime) -> bool:
        """Tell whether it waits, and the day until which it does has come."""
        return self.state == "waiting" and self.waits_until is not None and now >= self.waits_until

    def check_waiting(self) -> None:
        """Raise `Refused` where it was paid or declined."""
        if self.state != "waiting":
            raise Refused(Code.INCORRECT_STATE, state=self.state)


@inserted(
    "refunds",
    "id, payment_id, merchant_id, payer_id, currency, amount_minor, state, asked_at, ended_at,"
    " posting_id, waits_until",
)
@dataclass(frozen=True, slots=True)
class NewRefund(WrittenRow):
    """A refund that was made, or waits."""

    RANK: ClassVar[int] = 5

    refund: Refund

    def apply(self, facts: Facts) -> None:
        new = self.refund
        payment = facts.record(Payment, new.payment_id)
        assert payment is not None, self
        facts.add_record(replace(payment, refunded_minor=payment.refunded_minor + new.amount_minor))
        waiting = facts.record(RefundsWaiting, new.merchant_id)
        if new.state == "waiting" and waiting is not None:
            facts.add_record(replace(waiting, waiting=(*waiting.waiting, (new.currency, new.id))))


@updated("refunds", "state, ended_at, posting_id, decline_reason")
@dataclass(frozen=True, slots=True)
class RefundEnded(WrittenRow):
    """A refund that waited was paid, or declined."""

    RANK: ClassVar[int] = 6

    refund: Refund

    def apply(self, facts: Facts) -> None:
        facts.add_record(self.refund)
        waiting = facts.record(RefundsWaiting, self.refund.merchant_id)
        if waiting is not None:
            ended = (self.refund.currency, self.refund.id)
            left = tuple(each for each in waiting.waiting if each != ended)
            facts.add_record(replace(waiting, waiting=left))
