"""What the books check asks of exchange: a top-up is what its quote said, and no maker
promises more than they have.
"""

from __future__ import annotations

from typing import Final

from wallet.ledger.legs import legs

LEGS: Final = {
    "top_up": legs("prefund- maker+ fx_margin+? fees+?", "maker- wallet+"),
}

CHECKS: Final = (
    (
        "partner {0} to {1}: {2} quotes of {3} + {4} {5} for {6} {7} accepted, {8} topped up",
        """
            SELECT partner_id, receiver_id, coalesce(q.number, 0), source_minor, fee_minor,
                   source_currency, target_minor, target_currency, coalesce(t.number, 0)
              FROM (SELECT partner_id, receiver_id, maker_id, source_currency, source_minor,
                           fee_minor, margin_minor, target_currency, target_minor,
                           count(*) AS number
                      FROM quotes WHERE accepted_at IS NOT NULL
                     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9) q
              FULL JOIN (SELECT partner_id, receiver_id, maker_id, source_currency,
                                paid_minor - fee_minor AS source_minor, fee_minor, margin_minor,
                                target_currency, target_minor, count(*) AS number
                           FROM (SELECT p.sender_id AS partner_id, p.receiver_id,
                                        min(a.holder_id) FILTER (WHERE a.kind = 'maker')
                                            AS maker_id,
                                        min(a.currency) FILTER (WHERE a.kind = 'prefund')
                                            AS source_currency,
                                        -sum(e.amount_minor) FILTER (WHERE a.kind = 'prefund')
                                            AS paid_minor,
                                        coalesce(sum(e.amount_minor) FILTER (
                                            WHERE a.kind = 'fees'), 0) AS fee_minor,
                                        coalesce(sum(e.amount_minor) FILTER (
                                            WHERE a.kind = 'fx_margin'), 0) AS margin_minor,
                                        min(a.currency) FILTER (WHERE a.kind = 'wallet')
                                            AS target_currency,
                                        sum(e.amount_minor) FILTER (WHERE a.kind = 'wallet')
                                            AS target_minor
                                   FROM postings p
                                   JOIN entries e ON e.posting_id = p.id
                                   JOIN accounts a ON a.id = e.account_id
                                  WHERE p.kind = 'top_up'
                                  GROUP BY p.id) moved
                          GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9) t
                     USING (partner_id, receiver_id, maker_id, source_currency, source_minor,
                            fee_minor, margin_minor, target_currency, target_minor)
             WHERE coalesce(q.number, 0) <> coalesce(t.number, 0)
        """,
    ),
    (
        "inventory {0} holds {1}, its open quotes promise {2}",
        """
        SELECT a.id, a.balance_minor, q.promised_minor
          FROM (SELECT maker_id, target_currency, sum(target_minor) AS promised_minor FROM quotes
                 WHERE accepted_at IS NULL AND freed_at IS NULL
                 GROUP BY maker_id, target_currency) q
          JOIN accounts a ON a.holder_id = q.maker_id AND a.kind = 'maker'
                         AND a.currency = q.target_currency
         WHERE q.promised_minor > a.balance_minor
        """,
    ),
)
