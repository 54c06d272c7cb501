"""What the books check asks of the bank's statements: all that an account moved is there."""

from __future__ import annotations

from typing import Final

CHECKS: Final = (
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
