"""How long we keep what is of use only for a time. No money is in any of it.

The rooms' expiry jobs delete it (`wallet/jobs.py`). `migrations/grants.sql` lets the application's
role delete from these tables, and makers' prices, which are replaced. All else is kept: the ledger,
contracts, what was confirmed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

EXPIRED: Final = timedelta(days=1)
"""Quotes, sign-ins, tokens and unconfirmed destinations, from when they expired: the answer to
"why was it refused?" needs the row."""
UNMATCHED_REPORTS: Final = timedelta(days=7)
"""Delivery reports that belong to no text of ours, from when they came."""
UNCONFIRMED_LISTS: Final = timedelta(days=30)
"""Lists of payments that nobody confirmed, or that were rejected, with the numbers in them, from
when they were uploaded. Their upload's key is forgotten too."""
