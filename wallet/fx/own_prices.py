"""A maker's own live prices, and of each side whether quotes use it now, and why not.

The bid is used for who brings the base currency, and takes an inventory in the quoted one; the ask
for the reverse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, Engine, text

from wallet.fx.band import Band, band_of
from wallet.fx.makers import Price
from wallet.markets import Market
from wallet.money import Money

OWN_PRICES: Final = text("""
    SELECT maker_id, base, quoted, bid, ask, size_minor, posted_at, expires_at
      FROM maker_prices
     WHERE maker_id = :maker AND expires_at > :now
     ORDER BY base, quoted
""")

STANDING: Final = text("SELECT status FROM holders WHERE id = :maker")

# As `makers.py` counts it, but for what has expired: whoever asks for a price frees that first.
INVENTORIES: Final = text("""
    SELECT a.currency, a.balance_minor,
           (SELECT coalesce(sum(q.target_minor), 0)::bigint FROM quotes q   -- index quotes_open
             WHERE q.target_currency = a.currency AND q.maker_id = a.holder_id
               AND q.expires_at > :now AND q.accepted_at IS NULL AND q.freed_at IS NULL)
      FROM accounts a
     WHERE a.holder_id = :maker AND a.kind = 'maker' AND a.currency IN (:base, :quoted)
""")


class Unused(StrEnum):
    """Why a side of a price is in no quote now. Published: append, never rename."""

    NOT_ACTIVE = "not_active"
    NO_REFERENCE_RATE = "no_reference_rate"
    REFERENCE_RATE_STALE = "reference_rate_stale"
    OUT_OF_BAND = "out_of_band"
    NO_INVENTORY = "no_inventory"
    INVENTORY_PROMISED = "inventory_promised"  # open quotes keep all of it


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """A price with why each side is not used, or None where it is."""

    price: Price
    band: Band | None
    bid_unused: Unused | None
    ask_unused: Unused | None

    @property
    def size(self) -> Money:
        return Money(self.price.base, self.price.size_minor)


def own_prices(
    engine: Engine, maker_id: int, markets: Mapping[str, Market], now: datetime
) -> tuple[OwnPrice, ...]:
    """Return a maker's unexpired prices, by pair."""
    with engine.connect() as connection:
        rows = connection.execute(OWN_PRICES, {"maker": maker_id, "now": now}).all()
        return tuple(_judged(connection, Price(*row), markets, now) for row in rows)


def own_price(
    engine: Engine, price: Price, markets: Mapping[str, Market], now: datetime
) -> OwnPrice:
    """Return one price with whether it is in use."""
    with engine.connect() as connection:
        return _judged(connection, price, markets, now)


def _judged(
    connection: Connection, price: Price, markets: Mapping[str, Market], now: datetime
) -> OwnPrice:
    named = {"maker": price.maker_id, "base": price.base, "quoted": price.quoted, "now": now}
    status = connection.execute(STANDING, named).scalar_one()
    band = band_of(connection, price.base, price.quoted, markets.values(), now)
    why = _of_both(status, band)
    if why is not None or band is None:
        return OwnPrice(price, band, why, why)
    lacks = {
        currency: _lack(balance_minor, promised_minor)
        for currency, balance_minor, promised_minor in connection.execute(INVENTORIES, named)
    }
    bid, ask = (
        lacks.get(sold, Unused.NO_INVENTORY) if band.holds(rate) else Unused.OUT_OF_BAND
        for rate, sold in ((price.bid, price.quoted), (price.ask, price.base))
    )
    return OwnPrice(price, band, bid, ask)


def _of_both(status: str, band: Band | None) -> Unused | None:
    if status != "active":
        return Unused.NOT_ACTIVE
    if band is None:
        return Unused.NO_REFERENCE_RATE
    return Unused.REFERENCE_RATE_STALE if band.is_stale else None


def _lack(balance_minor: int, promised_minor: int) -> Unused | None:
    if balance_minor <= 0:
        return Unused.NO_INVENTORY
    return None if promised_minor < balance_minor else Unused.INVENTORY_PROMISED
