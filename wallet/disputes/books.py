"""What the books check asks of disputes: what is frozen of a contract is in them."""

from __future__ import annotations

from typing import Final

from wallet.ledger.legs import NONE, legs

_SPLIT: Final = legs("escrow- wallet+|settlement+ wallet+?", "escrow- wallet+")

LEGS: Final = {
    "dispute": NONE,
    "dispute_propose": NONE,
    "dispute_contest": NONE,
    "dispute_concede": legs("escrow- wallet+"),
    "dispute_accept": _SPLIT,
    "dispute_decide": _SPLIT,
    "dispute_due": NONE | _SPLIT,  # none where silence brings it before the staff
}

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
