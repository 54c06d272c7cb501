"""What ties a holder to money that is not in their accounts: open contracts, payouts under way.

Who is closed can do nothing more, so money that arrived afterwards would be locked for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from wallet.ledger.facts import Needs


@dataclass(frozen=True, slots=True)
class Engagements:
    """Whether a holder is party to a contract, waits for a refund or payout, or pays a list."""

    id: int
    in_contracts: bool
    in_payouts: bool
    in_refunds: bool = False
    in_lists: bool = False

    # Nothing is locked: what comes in between meets the database's own rule.
    LOCK: ClassVar[str] = """
        SELECT h.id,
               EXISTS (SELECT FROM contracts c WHERE c.payer_id = h.id AND c.closed_at IS NULL)
               OR EXISTS (SELECT FROM contracts c WHERE c.payee_id = h.id AND c.closed_at IS NULL),
               EXISTS (SELECT FROM payouts p
                        WHERE p.merchant_id = h.id AND p.state NOT IN ('paid', 'failed')),
               EXISTS (SELECT FROM refunds f   -- few wait: index refunds_waiting
                        WHERE f.state = 'waiting' AND h.id IN (f.merchant_id, f.payer_id)),
               EXISTS (SELECT FROM bulks b WHERE b.holder_id = h.id AND b.state = 'posting')
          FROM holders h
         WHERE h.id = ANY(%(ids)s::bigint[])
         ORDER BY h.id
    """
    RANK: ClassVar[int] = 10

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return the engagements of one row of LOCK."""
        return cls(*row)

    def needs(self) -> Needs:
        """Nothing more: the command guards the holder."""
        return Needs()

    @property
    def tied(self) -> str | None:
        """What must end before the holder can be closed, the first of it."""
        if self.in_contracts:
            return "contract_open"
        if self.in_payouts:
            return "payout_under_way"
        if self.in_refunds:
            return "refund_waiting"
        return "list_under_way" if self.in_lists else None
