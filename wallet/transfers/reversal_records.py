"""What an operator's reversal is about: a posting as it was, and whether it may still be undone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from sqlalchemy import Engine

from wallet.database import read
from wallet.ledger.facts import Needs
from wallet.ledger.rows import WrittenRow, inserted
from wallet.refunds.records import Payment

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts

RECEIVER_OF: Final = "SELECT receiver_id FROM postings WHERE id = :posting"


@dataclass(frozen=True, slots=True)
class Original:
    """A posting with what it, and the commission taken because of it, added to each account."""

    id: int
    kind: str
    sender_id: int | None
    receiver_id: int | None
    is_held: bool  # a contract's payment: its parties release, return or dispute it
    is_reversed: bool
    refunded_minor: int
    account_ids: tuple[int, ...]
    amounts_minor: tuple[int, ...]

    # Postings never change, and what is told of refunds is read under the merchant's lock, which
    # has the lower rank; a second reversal at the same time meets the database's own rule.
    LOCK: ClassVar[str] = """
        SELECT p.id, p.kind, p.sender_id, p.receiver_id,
               EXISTS (SELECT FROM contracts c WHERE c.id = p.id),
               EXISTS (SELECT FROM reversals r WHERE r.original_id = p.id),
               (SELECT coalesce(sum(f.amount_minor), 0)::bigint FROM refunds f
                 WHERE f.payment_id = p.id AND f.state <> 'declined'),
               coalesce(array_agg(s.account_id ORDER BY s.account_id)
                        FILTER (WHERE s.account_id IS NOT NULL), '{}'),
               coalesce(array_agg(s.amount_minor ORDER BY s.account_id)
                        FILTER (WHERE s.account_id IS NOT NULL), '{}')
          FROM postings p
          LEFT JOIN LATERAL (
               SELECT e.account_id, sum(e.amount_minor)::bigint AS amount_minor
                 FROM entries e
                WHERE e.posting_id = p.id
                   OR e.posting_id IN (SELECT c.id FROM postings c
                                        WHERE c.original_id = p.id AND c.kind = 'commission')
                GROUP BY e.account_id
               HAVING sum(e.amount_minor) <> 0) s ON true
         WHERE p.id = ANY(%(ids)s::bigint[])
         GROUP BY p.id
         ORDER BY p.id
    """
    RANK: ClassVar[int] = 140

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return the posting of one row of LOCK."""
        *told, account_ids, amounts_minor = row
        found: tuple[Any, ...] = (*told, tuple(account_ids), tuple(amounts_minor))
        return cls(*found)

    def needs(self) -> Needs:
        """The parties, and every account it touched: the very account that earned its fee."""
        parties = {each for each in (self.sender_id, self.receiver_id) if each is not None}
        return Needs(holders=tuple(parties), accounts=self.account_ids)


@inserted("reversals", key="original_id")
@dataclass(frozen=True, slots=True)
class Reversed(WrittenRow):
    """A posting is undone; a second reversal of it is refused by the database."""

    RANK: ClassVar[int] = 5

    original_id: int
    id: int
    reason: str
    asked_by: int
    approved_by: int
    reversed_at: datetime

    def apply(self, facts: Facts) -> None:
        original = facts.record(Original, self.original_id)
        assert original is not None, self
        facts.add_record(replace(original, is_reversed=True))
        payment = facts.record(Payment, original.id)
        if payment is not None:
            facts.add_record(replace(payment, is_reversed=True))


def receiver_of(engine: Engine, posting_id: int) -> int | None:
    """Return who received by a posting: whose records a reversal must lock."""
    rows = read(engine, RECEIVER_OF, posting=posting_id)
    return rows[0][0] if rows else None
