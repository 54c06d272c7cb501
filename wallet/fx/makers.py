"""Makers' prices: two-way, for a pair, up to a size of the base currency, for a time.

`bid` is what the maker pays, in `quoted`, for one of `base`; `ask` is what the maker takes. One
live price to a maker and pair: a new one replaces the old. Whether it lies in the band around the
reference rate (`wallet/fx/band.py`) is checked when it is posted, and again when it is used,
because the reference moves meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection, Engine, text

from wallet.errors import Code, Refused
from wallet.fx.band import band_of, check_band
from wallet.fx.rates import check_pair
from wallet.markets import Market
from wallet.money import Money

LONGEST_LIFETIME_S: Final = 24 * 3600

POST_PRICE: Final = """
    INSERT INTO maker_prices (maker_id, base, quoted, bid, ask, size_minor, posted_at, expires_at)
    VALUES (:maker, :base, :quoted, :bid, :ask, :size, :now, :expires)
        ON CONFLICT (maker_id, base, quoted) DO UPDATE
       SET bid = excluded.bid, ask = excluded.ask, size_minor = excluded.size_minor,
           posted_at = excluded.posted_at, expires_at = excluded.expires_at
"""

WITHDRAW_PRICE: Final = """
    DELETE FROM maker_prices WHERE maker_id = :maker AND base = :base AND quoted = :quoted
    RETURNING expires_at
"""

LIVE_PRICES: Final = """
    SELECT p.maker_id, p.base, p.quoted, p.bid, p.ask, p.size_minor, p.posted_at, p.expires_at,
           a.balance_minor - coalesce(q.promised_minor, 0)
      FROM maker_prices p
      JOIN holders h ON h.id = p.maker_id AND h.status = 'active'
      JOIN accounts a ON a.holder_id = p.maker_id AND a.kind = 'maker' AND a.currency = :target
      LEFT JOIN (SELECT maker_id, sum(target_minor)::bigint AS promised_minor FROM quotes
                  WHERE target_currency = :target   -- index quotes_open
                    AND accepted_at IS NULL AND freed_at IS NULL
                  GROUP BY maker_id) q ON q.maker_id = p.maker_id
     WHERE (p.base, p.quoted) IN ((:source, :target), (:target, :source))
       AND p.expires_at > :now
     ORDER BY p.posted_at, p.maker_id   -- of equal prices the earliest posted is taken
"""


@dataclass(frozen=True, slots=True)
class Price:
    """A maker's price; `size_minor` counts the base currency."""

    maker_id: int
    base: str
    quoted: str
    bid: Decimal
    ask: Decimal
    size_minor: int
    posted_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Stocked:
    """A live price, with what its maker has, and has not promised, of the currency wanted."""

    price: Price
    inventory_minor: int


def post_price(
    engine: Engine,
    maker_id: int,
    pair: tuple[str, str],
    prices: tuple[Decimal, Decimal],
    size: Money,
    lifetime_s: int,
    now: datetime,
    markets: Mapping[str, Market],
) -> Price:
    """Put a maker's (bid, ask) of a (base, quoted) pair in place of the one before.

    Raises `Refused` with `price_out_of_band` where a side lies outside the band of every market.
    """
    (base, quoted), (bid, ask) = pair, prices
    check_pair(base, quoted)
    if size.currency != base:
        raise Refused(Code.FORMAT_ERROR, field="size", expected=f"an amount in {base}")
    if not size.is_positive:
        raise Refused(Code.AMOUNT_NOT_POSITIVE)
    if bid <= 0 or ask < bid:
        raise Refused(Code.FORMAT_ERROR, field="ask", expected="bid positive, ask not below it")
    if not 0 < lifetime_s <= LONGEST_LIFETIME_S:
        raise Refused(Code.PERIOD_OUT_OF_RANGE, field="lifetime_s", longest_s=LONGEST_LIFETIME_S)
    expires = now + timedelta(seconds=lifetime_s)
    price = Price(maker_id, base, quoted, bid, ask, size.minor, now, expires)
    named = {
        "maker": maker_id,
        "base": base,
        "quoted": quoted,
        "bid": bid,
        "ask": ask,
        "size": size.minor,
        "now": now,
        "expires": expires,
    }
    with engine.begin() as connection:
        check_band(band_of(connection, base, quoted, markets.values(), now), bid, ask)
        connection.execute(text(POST_PRICE), named)
    return price


def withdraw_price(engine: Engine, maker_id: int, base: str, quoted: str) -> None:
    """Take a price back. Raises `Refused` where the maker has none; open quotes keep theirs."""
    named = {"maker": maker_id, "base": base, "quoted": quoted}
    with engine.begin() as connection:
        if connection.execute(text(WITHDRAW_PRICE), named).one_or_none() is None:
            raise Refused(Code.NOT_FOUND)


def live_prices(
    connection: Connection, source: str, target: str, now: datetime
) -> tuple[Stocked, ...]:
    """Return the unexpired prices that give `target` for `source`, earliest posted first."""
    named = {"source": source, "target": target, "now": now}
    rows = connection.execute(text(LIVE_PRICES), named).all()
    return tuple(Stocked(Price(*row[:-1]), row[-1]) for row in rows)
