"""The band around the reference rate that a maker's price must lie in to be used.

It is as wide as the receiver's market says. A price that lies in none of them is refused when it
is posted, for its maker can mend it at once. The reference moves afterwards: what has fallen out of
the band since is left out of quotes, and its maker is told when they read it back.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Final

from sqlalchemy import Connection

from wallet.errors import Code, Refused
from wallet.fx.rates import DECIMALS, ReferenceRate, rate_text, read_rate
from wallet.markets import Market

_WHOLE_BPS: Final = 10_000


def is_in_band(rate: Decimal, mid: Fraction, band_bps: int) -> bool:
    """Tell whether a rate lies within `band_bps` of `mid`, the ends included."""
    return abs(Fraction(rate) - mid) * _WHOLE_BPS <= mid * band_bps


@dataclass(frozen=True, slots=True)
class Band:
    """The widest band of all markets, in the quoted currency for one of the base."""

    reference: ReferenceRate
    mid: Fraction
    bps: int
    is_stale: bool

    def holds(self, rate: Decimal) -> bool:
        """Tell whether some market uses this rate."""
        return is_in_band(rate, self.mid, self.bps)

    @property
    def middle(self) -> Decimal:
        """The reference rate; for show only."""
        return _rounded(round(self.mid * 10**DECIMALS))

    @property
    def lowest(self) -> Decimal:
        """The least rate in the band that can be posted."""
        return _rounded(ceil(self.mid * (_WHOLE_BPS - self.bps) / _WHOLE_BPS * 10**DECIMALS))

    @property
    def highest(self) -> Decimal:
        """The greatest rate in the band that can be posted."""
        return _rounded(floor(self.mid * (_WHOLE_BPS + self.bps) / _WHOLE_BPS * 10**DECIMALS))


def band_of(
    connection: Connection, base: str, quoted: str, markets: Collection[Market], now: datetime
) -> Band | None:
    """Return the band of a pair, or None where it has no reference rate."""
    reference = read_rate(connection, base, quoted)
    if reference is None:
        return None
    oldest = now - timedelta(seconds=max(each.reference_rate_max_age_s for each in markets))
    bps = max(each.price_band_bps for each in markets)
    return Band(reference, reference.of(base), bps, reference.as_of < oldest)


def check_band(band: Band | None, bid: Decimal, ask: Decimal) -> None:
    """Raise `Refused` with `price_out_of_band`, naming the ends, where a side would not be used.

    Without a reference rate of today nothing can be said of a price.
    """
    if band is None or band.is_stale:
        return
    for side, rate in (("bid", bid), ("ask", ask)):
        if not band.holds(rate):
            raise Refused(
                Code.PRICE_OUT_OF_BAND,
                field=side,
                lowest=rate_text(band.lowest),
                highest=rate_text(band.highest),
                reference=rate_text(band.middle),
                as_of=band.reference.as_of.isoformat(),
            )


def _rounded(scaled: int) -> Decimal:
    return Decimal(scaled).scaleb(-DECIMALS)
