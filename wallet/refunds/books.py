"""What the books check asks of refunds: they were paid, and never above what was released."""

from __future__ import annotations

from typing import Final

from wallet.ledger.legs import NONE, legs

LEGS: Final = {
    "refund": legs("", "settlement- wallet+"),  # none where it waits
    "refund_covered": legs("settlement- wallet+"),
    "decline_refund": NONE,
}

CHECKS: Final = (
    (
        "payment {0}: {1} was refunded, {2} released",
        """
            SELECT payment_id, sum(amount_minor),
                   released_of(payment_id, min(merchant_id), min(payer_id), min(currency))
              FROM refunds WHERE state <> 'declined' GROUP BY payment_id
            HAVING sum(amount_minor)
                   > released_of(payment_id, min(merchant_id), min(payer_id), min(currency))
                OR EXISTS (SELECT FROM reversals r WHERE r.original_id = payment_id)
        """,
    ),
    (
        "refund {0} of {1} is not what its posting moved",
        """
            SELECT f.id, f.amount_minor FROM refunds f
             WHERE f.state = 'paid' AND NOT EXISTS (
                   SELECT FROM entries e
                     JOIN accounts a ON a.id = e.account_id AND a.holder_id = f.payer_id
                     JOIN postings p ON p.id = e.posting_id AND p.original_id = f.payment_id
                    WHERE e.posting_id = f.posting_id AND e.amount_minor = f.amount_minor)
        """,
    ),
    (
        "refund {0} is {1}, but its posting moved money",
        """
            SELECT f.id, f.state FROM refunds f
             WHERE f.posting_id IS DISTINCT FROM f.id
               AND EXISTS (SELECT FROM entries e WHERE e.posting_id = f.id)
        """,
    ),
    (
        "posting {0} ({1}) paid no refund that there is",
        """
            SELECT p.id, p.kind FROM postings p
             WHERE p.kind IN ('refund', 'refund_covered')
               AND EXISTS (SELECT FROM entries e WHERE e.posting_id = p.id)
               AND NOT EXISTS (SELECT FROM refunds f
                                WHERE f.posting_id = p.id AND f.payment_id = p.original_id
                                  AND f.merchant_id = p.sender_id AND f.payer_id = p.receiver_id)
        """,
    ),
)
