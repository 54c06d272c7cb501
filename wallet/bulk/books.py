"""What the books check asks of lists: what was paid and what is left are in the ledger."""

from __future__ import annotations

from typing import Final

from wallet.bulk.uploading import LANES
from wallet.ledger.legs import legs

_LANES: Final = "bulk+" + " bulk+?" * (LANES - 1)

LEGS: Final = {
    "bulk": legs(f"wallet-|prefund- {_LANES}"),
    "bulk_payment": legs("bulk- wallet+|escrow+"),
    "bulk_fee": legs("bulk- fees+"),
    "bulk_return": legs(f"wallet+|prefund+ {_LANES.replace('+', '-')}"),
}

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
    (
        "list {0}: taken {2}, fees {3}, given back {4} by its postings, not {5}, {6}, {7} ({1})",
        """
            SELECT b.id, b.state, coalesce(p.taken_minor, 0), coalesce(p.fee_minor, 0),
                   coalesce(p.returned_minor, 0), b.taken_minor, b.fee_taken_minor,
                   b.returned_minor
              FROM (SELECT b.id, b.state, b.posting_id, coalesce(b.returned_minor, 0)
                           AS returned_minor,
                           CASE WHEN b.posting_id IS NULL THEN 0
                                ELSE b.amount_minor + b.fee_minor END AS taken_minor,
                           coalesce(sum(t.fee_taken_minor), 0) AS fee_taken_minor
                      FROM bulks b LEFT JOIN bulk_batches t ON t.bulk_id = b.id
                     GROUP BY b.id) b
              LEFT JOIN (SELECT coalesce(p.original_id, p.id) AS id,
                                sum(e.amount_minor) FILTER (WHERE p.kind = 'bulk') AS taken_minor,
                                sum(e.amount_minor) FILTER (WHERE p.kind = 'bulk_fee')
                                    AS fee_minor,
                                sum(e.amount_minor) FILTER (WHERE p.kind = 'bulk_return')
                                    AS returned_minor
                           FROM postings p
                           JOIN entries e ON e.posting_id = p.id AND e.amount_minor > 0
                          WHERE p.kind IN ('bulk', 'bulk_fee', 'bulk_return')
                          GROUP BY 1) p ON p.id = b.posting_id
             WHERE (coalesce(p.taken_minor, 0), coalesce(p.fee_minor, 0),
                    coalesce(p.returned_minor, 0))
                   IS DISTINCT FROM (b.taken_minor::numeric, b.fee_taken_minor::numeric,
                                     b.returned_minor::numeric)
        """,
    ),
    (
        "list {0}, row {1} of {2}: its posting moved {3}",
        """
            SELECT r.bulk_id, r.row_no, CASE WHEN o.outcome = 'refused' THEN 0
                                             ELSE r.amount_minor END, coalesce(e.amount_minor, 0)
              FROM bulk_batches t
              JOIN bulk_rows r ON r.bulk_id = t.bulk_id AND r.row_no >= t.first_row
                              AND r.row_no < t.first_row + t.row_count
              LEFT JOIN bulk_outcomes o ON o.bulk_id = r.bulk_id AND o.row_no = r.row_no
              LEFT JOIN entries e ON e.posting_id = t.first_id + r.row_no - t.first_row
                                 AND e.amount_minor > 0
             WHERE t.posted_at IS NOT NULL
               AND CASE WHEN o.outcome = 'refused' THEN 0 ELSE r.amount_minor END
                   <> coalesce(e.amount_minor, 0)
        """,
    ),
)
