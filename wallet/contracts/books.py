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
    (
        "contract {0}: put in {1}, released {2}, returned {3} by its postings, not {4}, {5}, {6}",
        """
            SELECT c.id, coalesce(held.amount_minor, 0), coalesce(gone.released_minor, 0),
                   coalesce(gone.returned_minor, 0), c.amount_minor, c.released_minor,
                   c.returned_minor
              FROM contracts c
              LEFT JOIN entries held   -- its posting and its account have its own number
                     ON held.account_id = c.id AND held.posting_id = c.id AND held.amount_minor > 0
              LEFT JOIN (SELECT c.id,
                                sum(o.amount_minor) FILTER (
                                    WHERE o.account_id = c.payee_account_id) AS released_minor,
                                sum(o.amount_minor) FILTER (
                                    WHERE o.account_id = c.payer_account_id) AS returned_minor
                           FROM contracts c
                           JOIN entries e ON e.account_id = c.id AND e.amount_minor < 0
                           JOIN entries o ON o.posting_id = e.posting_id
                          GROUP BY c.id) gone ON gone.id = c.id
             WHERE (coalesce(held.amount_minor, 0), coalesce(gone.released_minor, 0),
                    coalesce(gone.returned_minor, 0))
                   IS DISTINCT FROM (c.amount_minor, c.released_minor::numeric,
                                     c.returned_minor::numeric)
        """,
    ),
    (
        "contract {0}: commission {1}, its postings took {2}",
        """
            SELECT c.id, c.commission_minor, coalesce(t.amount_minor, 0)
              FROM contracts c
              LEFT JOIN (SELECT moved.original_id AS id, sum(e.amount_minor) AS amount_minor
                           FROM postings p
                           JOIN postings moved ON moved.id = p.original_id
                           JOIN entries e ON e.posting_id = p.id AND e.amount_minor > 0
                          WHERE p.kind = 'commission'
                          GROUP BY moved.original_id) t ON t.id = c.id
             WHERE c.commission_minor <> coalesce(t.amount_minor, 0)
        """,
    ),
)
