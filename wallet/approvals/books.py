"""What the books check asks of approvals: asking moves no money; what is approved, its own kind."""

from __future__ import annotations

from typing import Final

from wallet.ledger.legs import NONE

LEGS: Final = {
    "ask_approval": NONE,
    "decline_approval": NONE,
    "lapse_approval": NONE,
}

CHECKS: Final = (
    (
        "approval {0} of {1} posted {2}, which is no such posting",
        """
            SELECT v.id, v.kind, v.posting_id FROM approvals v
             WHERE v.state = 'approved'
               AND NOT EXISTS (SELECT FROM postings p
                                WHERE p.id = v.posting_id AND p.kind = v.kind)
        """,
    ),
)
