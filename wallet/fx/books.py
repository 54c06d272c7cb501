"""What the books check asks of quotes."""

from typing import Final

CHECKS: Final = (
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
