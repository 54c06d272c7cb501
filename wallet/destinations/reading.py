"""A merchant's payout destinations as the merchant may read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Engine

from wallet.database import read
from wallet.destinations.records import Destination

READ_DESTINATIONS: Final = """
    SELECT d.id, d.bank_code, d.account, d.account_name, d.kind, d.state,
           coalesce(m.destination_id = d.id, false), d.added_at, d.usable_from
      FROM destinations d   -- index destinations_of_merchant
      JOIN merchants m ON m.holder_id = d.merchant_id
     WHERE d.merchant_id = :merchant
       AND (d.state = 'confirmed' OR (d.state = 'unconfirmed' AND d.code_expires_at > :now))
     ORDER BY d.id
"""


@dataclass(frozen=True, slots=True)
class DestinationView:
    """A destination; of an account only the end is shown."""

    id: int
    kind: str
    shown: str
    name: str
    state: str
    is_default: bool
    added_at: datetime
    usable_from: datetime | None


def destinations_of(engine: Engine, merchant_id: int, now: datetime) -> tuple[DestinationView, ...]:
    """Return what a merchant has added and not removed; what was never confirmed is left out."""
    found = []
    for id_, *row in read(engine, READ_DESTINATIONS, merchant=merchant_id, now=now):
        where = Destination(*row[:4])
        found.append(DestinationView(id_, where.kind, where.shown, where.name, *row[4:]))
    return tuple(found)
