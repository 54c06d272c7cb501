"""What the books check asks of disputes: what is frozen of a contract is in them."""

from __future__ import annotations

from typing import Final

CHECKS: Final = (
    (
        "contract {0}: disputed {1} is not what its disputes hold, {2}",
        """
            SELECT c.id, c.disputed_minor, coalesce(d.open_minor, 0)
              FROM contracts c
              LEFT JOIN (SELECT contract_id, sum(open_minor) AS open_minor FROM disputes
                          GROUP BY contract_id) d ON d.contract_id = c.id
             WHERE c.disputed_minor <> coalesce(d.open_minor, 0)
        """,
    ),
)
