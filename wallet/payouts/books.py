"""What the books check asks of payouts: what is under way lies in the transit account."""

from __future__ import annotations

from typing import Final

from wallet.ledger.legs import NONE, legs

LEGS: Final = {
    "payout": legs("settlement- in_transit+", "settlement- wallet+ fees+?"),
    "payout_paid": legs("in_transit- trust+|float+ fees+?"),
    "payout_failed": legs("in_transit- settlement+"),
    "set_payout_schedule": NONE,
    "release_payouts": NONE,
    "decline_payouts": NONE,
}

CHECKS: Final = (
    (
        "{0}: payouts under way are {1}, the transit account holds {2}",
        """
            SELECT currency, coalesce(p.amount_minor, 0), coalesce(a.balance_minor, 0)
              FROM (SELECT currency, balance_minor FROM accounts WHERE kind = 'in_transit') a
              FULL JOIN (SELECT currency, sum(amount_minor + fee_minor) AS amount_minor
                           FROM payouts WHERE state NOT IN ('paid', 'failed')
                          GROUP BY currency) p USING (currency)
             WHERE coalesce(a.balance_minor, 0) <> coalesce(p.amount_minor, 0)
        """,
    ),
    (
        "payout {0} of {1} and a fee of {2} is not what its posting took",
        """
            SELECT o.id, o.amount_minor, o.fee_minor
              FROM payouts o
              LEFT JOIN (SELECT p.id, a.holder_id, a.currency, e.amount_minor
                           FROM postings p
                           JOIN entries e ON e.posting_id = p.id AND e.amount_minor < 0
                           JOIN accounts a ON a.id = e.account_id
                          WHERE p.kind = 'payout') t ON t.id = o.id
             WHERE (t.holder_id, t.currency, -t.amount_minor)
                   IS DISTINCT FROM (o.merchant_id, o.currency, o.amount_minor + o.fee_minor)
        """,
    ),
    (
        "posting {0} (payout) has no payout",
        """
            SELECT p.id FROM postings p
             WHERE p.kind = 'payout' AND NOT EXISTS (SELECT FROM payouts o WHERE o.id = p.id)
        """,
    ),
    (
        # What ends a payout says whose it was and how much: as many ends as payouts that ended.
        "merchant {0}: {3} payouts of {2} {1} are {4}, {5} postings say so",
        """
            SELECT merchant_id, currency, total_minor, coalesce(o.number, 0), state,
                   coalesce(p.number, 0)
              FROM (SELECT merchant_id, currency, amount_minor + fee_minor AS total_minor, state,
                           count(*) AS number
                      FROM payouts WHERE state IN ('paid', 'failed') AND kind <> 'wallet'
                     GROUP BY merchant_id, currency, amount_minor + fee_minor, state) o
              FULL JOIN (SELECT CASE p.kind WHEN 'payout_paid' THEN p.sender_id
                                            ELSE p.receiver_id END AS merchant_id,
                                a.currency, -e.amount_minor AS total_minor,
                                CASE p.kind WHEN 'payout_paid' THEN 'paid' ELSE 'failed' END
                                AS state, count(*) AS number
                           FROM postings p
                           JOIN entries e ON e.posting_id = p.id
                           JOIN accounts a ON a.id = e.account_id AND a.kind = 'in_transit'
                          WHERE p.kind IN ('payout_paid', 'payout_failed')
                          GROUP BY 1, 2, 3, 4) p USING (merchant_id, currency, total_minor, state)
             WHERE coalesce(o.number, 0) <> coalesce(p.number, 0)
        """,
    ),
)
