"""What the books check asks of transfers: a reversal is the opposite of what it undoes."""

from __future__ import annotations

from typing import Final

CHECKS: Final = (
    (
        "posting {0} is reversed by {1}, which is not its opposite",
        """
            SELECT r.original_id, r.id FROM reversals r
             WHERE EXISTS (
                   SELECT FROM entries e
                    WHERE e.posting_id IN (r.id, r.original_id)
                       OR e.posting_id IN (SELECT c.id FROM postings c
                                            WHERE c.original_id = r.original_id
                                              AND c.kind = 'commission')
                    GROUP BY e.account_id HAVING sum(e.amount_minor) <> 0)
                OR NOT EXISTS (SELECT FROM postings p WHERE p.id = r.id AND p.kind = 'reverse'
                                  AND p.original_id = r.original_id)
        """,
    ),
)
