"""What the books check asks of contracts: each says where its money is."""

from __future__ import annotations

from typing import Final

CHECKS: Final = (
    (
        "contract {0}: released {1} + returned {2} + held {3} is not its amount {4}",
        """
            SELECT c.id, c.released_minor, c.returned_minor, a.balance_minor, c.amount_minor
              FROM contracts c
              LEFT JOIN accounts a ON a.id = c.id AND a.kind = 'escrow' AND a.currency = c.currency
             WHERE c.released_minor + c.returned_minor + a.balance_minor
                   IS DISTINCT FROM c.amount_minor
        """,
    ),
    (
        "escrow account {0} has no contract",
        """
            SELECT a.id FROM accounts a
             WHERE a.kind = 'escrow' AND NOT EXISTS (SELECT FROM contracts c WHERE c.id = a.id)
        """,
    ),
)
