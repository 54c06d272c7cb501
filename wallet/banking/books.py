"""What the books check asks of the bank's statements: all that an account moved is there, and
what it sent back is the merchant's again.
"""

from __future__ import annotations

from typing import Final

from wallet.ledger.legs import NONE, legs

LEGS: Final = {
    "take_bank_file": NONE,
    "payout_sent_back": legs("trust- settlement+"),
}

CHECKS: Final = (
    (
        "payout {0}: what its bank sent back is not what posting {1} gave its merchant",
        """
            SELECT coalesce(r.payout_id, p.original_id), coalesce(r.posting_id, p.id)
              FROM (SELECT r.payout_id, r.posting_id, o.merchant_id, o.currency, o.amount_minor
                      FROM payout_returns r JOIN payouts o ON o.id = r.payout_id) r
              FULL JOIN (SELECT p.id, p.original_id, a.holder_id, a.currency, e.amount_minor
                           FROM postings p
                           JOIN entries e ON e.posting_id = p.id AND e.amount_minor > 0
                           JOIN accounts a ON a.id = e.account_id
                          WHERE p.kind = 'payout_sent_back') p ON p.id = r.posting_id
             WHERE (r.payout_id, r.merchant_id, r.currency, r.amount_minor)
                   IS DISTINCT FROM (p.original_id, p.holder_id, p.currency, p.amount_minor)
        """,
    ),
    (
        "bank statement {0} of {1}: from its opening to its closing {2} moved, its lines make {3}",
        """
            SELECT s.name, s.account || ' (' || s.currency || ')',
                   s.closing_minor - s.opening_minor, coalesce(sum(l.amount_minor), 0)
              FROM bank_statements s
              LEFT JOIN bank_lines l ON l.statement_id = s.id
             GROUP BY s.id
            HAVING s.closing_minor - s.opening_minor <> coalesce(sum(l.amount_minor), 0)
        """,
    ),
    (
        "bank statement {0} of {1}: it brought {2} lines, and {3} are there",
        """
            SELECT s.name, s.account || ' (' || s.currency || ')', s.line_count, count(l.id)
              FROM bank_statements s
              LEFT JOIN bank_lines l ON l.statement_id = s.id
             GROUP BY s.id
            HAVING s.line_count <> count(l.id)
        """,
    ),
    (
        "bank statement {0} of {1} opens with {2}, and the one before it closed with {3}",
        """
            SELECT s.name, s.account || ' (' || s.currency || ')', s.opening_minor, b.closing_minor
              FROM bank_statements s
              JOIN bank_statements b ON b.id = s.follows
             WHERE (b.account, b.currency, b.closing_minor)
                   <> (s.account, s.currency, s.opening_minor)
        """,
    ),
)
