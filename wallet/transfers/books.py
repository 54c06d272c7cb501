"""What the books check asks of transfers: a reversal is the opposite of what it undoes."""

from __future__ import annotations

from typing import Final

from wallet.ledger.legs import legs

LEGS: Final = {
    "send": legs("wallet- wallet+ fees+?"),
    "cash_in": legs("float- wallet+"),
    "deposit": legs("trust- float+|prefund+|maker+"),
    # Of a send, of a cash-in, and of a payment that was made at once.
    "reverse": legs(
        "wallet+ wallet- fees-?", "float+ wallet-", "wallet+ settlement- fees-? commissions-?"
    ),
}

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
    (
        "deposit {0} has no posting that issued {1}, and two of the staff who agreed to it",
        """
            SELECT d.id, d.currency FROM deposits d
             WHERE NOT EXISTS (SELECT FROM postings p
                                 JOIN entries e ON e.posting_id = p.id AND e.amount_minor > 0
                                 JOIN accounts a ON a.id = e.account_id
                                WHERE p.id = d.id AND p.kind = 'deposit'
                                  AND a.currency = d.currency)
                OR NOT EXISTS (SELECT FROM approvals v
                                WHERE v.posting_id = d.id AND v.kind = 'deposit'
                                  AND v.asked_by = d.asked_by AND v.decided_by = d.approved_by)
        """,
    ),
)
