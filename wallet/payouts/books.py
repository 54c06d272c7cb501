"""What the books check asks of payouts: what is under way lies in the transit account."""

from __future__ import annotations

from typing import Final

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
)
