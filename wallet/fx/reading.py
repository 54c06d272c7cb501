"""Quotes as their partner may read them: another's quote does not exist."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Engine, text

from wallet.fx.records import Quote

READ_QUOTE: Final = """
    SELECT q.id, q.partner_id, q.maker_id, q.receiver_id, q.source_currency, q.source_minor,
           q.fee_minor, q.margin_minor, q.target_currency, q.target_minor, q.rate, q.quoted_at,
           q.expires_at, q.accepted_at, q.freed_at, h.name, h.msisdn
      FROM quotes q JOIN holders h ON h.id = q.receiver_id
     WHERE q.id = :quote AND q.partner_id = :partner
"""


@dataclass(frozen=True, slots=True)
class QuoteView:
    """A quote with the one it is for."""

    quote: Quote
    receiver_name: str
    receiver_msisdn: str

    def state(self, now: datetime) -> str:
        """Return `open`, `accepted` or `expired`."""
        if self.quote.accepted_at is not None:
            return "accepted"
        is_open = self.quote.freed_at is None and now < self.quote.expires_at
        return "open" if is_open else "expired"


def quote_of(engine: Engine, partner_id: int, quote_id: int) -> QuoteView | None:
    """Return a partner's own quote."""
    with engine.connect() as connection:
        named = {"quote": quote_id, "partner": partner_id}
        row = connection.execute(text(READ_QUOTE), named).one_or_none()
    return None if row is None else QuoteView(Quote(*row[:-2]), row[-2], row[-1])
