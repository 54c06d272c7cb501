"""What the books check asks of merchants: their reserves are what was kept back."""

from __future__ import annotations

from typing import Final

from wallet.ledger.legs import NONE, legs

LEGS: Final = {
    "commission": legs("settlement- commissions+"),
    "reserve": legs("settlement- reserve+"),
    "free_reserve": legs("reserve- settlement+"),
    "monthly_fee": legs("settlement- commissions+"),
    "price_merchant": NONE,
}

CHECKS: Final = (
    (
        "merchant {0}: reserves not yet freed are {1} {2}, the reserve account holds {3}",
        """
            SELECT merchant_id, currency, coalesce(r.amount_minor, 0), coalesce(a.balance_minor, 0)
              FROM (SELECT holder_id AS merchant_id, currency, balance_minor FROM accounts
                     WHERE kind = 'reserve') a
              FULL JOIN (SELECT merchant_id, currency, sum(amount_minor) AS amount_minor
                           FROM reserves WHERE freed_at IS NULL GROUP BY merchant_id, currency) r
                   USING (merchant_id, currency)
             WHERE coalesce(a.balance_minor, 0) <> coalesce(r.amount_minor, 0)
        """,
    ),
)
