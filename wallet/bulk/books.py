"""What the books check asks of lists: what was paid and what is left are in the ledger."""

from __future__ import annotations

from typing import Final

CHECKS: Final = (
    (
        "list {0}: what is still to be paid is {1}, its accounts hold {2}",
        """
            SELECT b.id, b.left_minor, coalesce(a.balance_minor, 0)
              FROM (SELECT b.id, b.account_ids,
                           coalesce(sum(r.amount_minor + r.fee_minor), 0) AS left_minor
                      FROM bulks b
                      LEFT JOIN bulk_batches t ON t.bulk_id = b.id AND b.state = 'posting'
                      LEFT JOIN bulk_rows r ON r.bulk_id = b.id AND r.row_no >= t.first_row
                                           AND r.row_no < t.first_row + t.row_count
                      LEFT JOIN bulk_outcomes o ON o.bulk_id = b.id AND o.row_no = r.row_no
                     WHERE t.posted_at IS NULL OR o.outcome = 'refused'
                     GROUP BY b.id) b
              LEFT JOIN LATERAL (SELECT sum(balance_minor) AS balance_minor FROM accounts
                                  WHERE id = ANY(b.account_ids)) a ON true
             WHERE coalesce(a.balance_minor, 0) <> b.left_minor
        """,
    ),
    (
        "account {0} is no list's",
        """
            SELECT a.id FROM accounts a
             WHERE a.kind = 'bulk'
               AND NOT EXISTS (SELECT FROM bulks b WHERE a.id = ANY(b.account_ids))
        """,
    ),
    (
        "list {0}: its batches say {1} was paid, its postings say {2}",
        """
            SELECT b.id, sum(t.paid_minor + t.held_minor), coalesce(-p.amount_minor, 0)
              FROM bulks b
              JOIN bulk_batches t ON t.bulk_id = b.id
              LEFT JOIN (SELECT p.original_id, sum(e.amount_minor) AS amount_minor
                           FROM accounts a
                           JOIN entries e ON e.account_id = a.id
                           JOIN postings p ON p.id = e.posting_id AND p.kind = 'bulk_payment'
                          WHERE a.kind = 'bulk'
                          GROUP BY p.original_id) p ON p.original_id = b.posting_id
             GROUP BY b.id, p.amount_minor
            HAVING sum(t.paid_minor + t.held_minor) <> coalesce(-p.amount_minor, 0)
        """,
    ),
)
