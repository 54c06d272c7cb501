"""A maker's own live prices, and of each side whether quotes use it now, and why not.

The bid is used for who brings the base currency, and takes an inventory in the quoted one; the ask
for the reverse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
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

STANDING: Final = text("""
    SELECT h.status,
           EXISTS (SELECT FROM accounts a
                    WHERE a.holder_id = h.id AND a.kind = 'maker' AND a.currency = :quoted
                      AND a.balance_minor > 0) AS sells_quoted,
           EXISTS (SELECT FROM accounts a
                    WHERE a.holder_id = h.id AND a.kind = 'maker' AND a.currency = :base
                      AND a.balance_minor > 0) AS sells_base
      FROM holders h WHERE h.id = :maker
""")


class Unused(StrEnum):
    """Why a side of a price is in no quote now. Published: append, never rename."""

    NOT_ACTIVE = "not_active"
    NO_REFERENCE_RATE = "no_reference_rate"
    REFERENCE_RATE_STALE = "reference_rate_stale"
    OUT_OF_BAND = "out_of_band"
    NO_INVENTORY = "no_inventory"


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
    named = {"maker": price.maker_id, "base": price.base, "quoted": price.quoted}
    maker = connection.execute(STANDING, named).one()
    band = band_of(connection, price.base, price.quoted, markets.values(), now)
    why = _of_both(maker.status, band)
    if why is not None or band is None:
        return OwnPrice(price, band, why, why)
    bid = _of_one(band, price.bid, maker.sells_quoted)
    return OwnPrice(price, band, bid, _of_one(band, price.ask, maker.sells_base))


def _of_both(status: str, band: Band | None) -> Unused | None:
    if status != "active":
        return Unused.NOT_ACTIVE
    if band is None:
        return Unused.NO_REFERENCE_RATE
    return Unused.REFERENCE_RATE_STALE if band.is_stale else None


def _of_one(band: Band, rate: Decimal, has_stock: bool) -> Unused | None:
    if not band.holds(rate):
        return Unused.OUT_OF_BAND
    return None if has_stock else Unused.NO_INVENTORY
