"""Quotes: the best maker's price that can be filled, fixed into two amounts for a while.

A quote is firm: what it delivers is kept for it until it expires (`open_quotes.py`).

Of source and target the partner fixes one; the other follows from the maker's price after the
margin, which is in the source currency and inside the source amount. All arithmetic is exact, on
fractions; each amount is rounded once, to the minor unit, here and never again, and always against
whoever asks: the margin and what has to be paid up, what is converted and what arrives down. So a
maker is never paid less than its price, a margin is never less than its share, and an amount in
parts never costs less than at once. Margin, band, lifetime and fee are those of the receiver's
market.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Any, Final

from sqlalchemy import Connection, Engine, text

from wallet.clock import Ids
from wallet.errors import Code, Refused
from wallet.fx.band import is_in_band
from wallet.fx.makers import Price, Stocked, live_prices
from wallet.fx.open_quotes import check_prefund, take_turn
from wallet.fx.rates import ReferenceRate, check_pair, read_rate
from wallet.fx.records import Quote
from wallet.markets import Market
from wallet.money import CURRENCIES, MAX_MINOR, Money

_WHOLE_BPS: Final = 10_000
_RATE_DECIMALS: Final = 12

FIND_RECEIVER: Final = """
    SELECT h.id, h.market, h.status, p.status,
           EXISTS (SELECT FROM accounts a
                    WHERE a.holder_id = h.id AND a.kind = 'wallet' AND a.currency = :currency)
      FROM holders p LEFT JOIN holders h ON h.msisdn = :msisdn
     WHERE p.id = :partner
"""

INSERT_QUOTE: Final = """
    INSERT INTO quotes (id, partner_id, maker_id, receiver_id, source_currency, source_minor,
                        fee_minor, margin_minor, target_currency, target_minor, rate, quoted_at,
                        expires_at)
    VALUES (:id, :partner_id, :maker_id, :receiver_id, :source_currency, :source_minor,
            :fee_minor, :margin_minor, :target_currency, :target_minor, :rate, :quoted_at,
            :expires_at)
"""


@dataclass(frozen=True, slots=True)
class Request:
    """What a partner wants a price for: `fixed` is in the source or in the target currency."""

    partner_id: int
    receiver: str
    source_currency: str
    target_currency: str
    fixed: Money


@dataclass(frozen=True, slots=True)
class PairRules:
    """A pair with its reference rate and the market's rules, as `choose` needs them."""

    source_currency: str
    target_currency: str
    reference: ReferenceRate
    band_bps: int
    margin_bps: int


@dataclass(frozen=True, slots=True)
class Offer:
    """Both amounts at one maker's price; `margin` is part of `source`."""

    price: Price
    source: Money
    margin: Money
    target: Money

    @property
    def rate(self) -> Decimal:
        """Target for one of source in major units, as the customer gets it; rounded down."""
        rate = Fraction(self.target.minor, self.source.minor) / _minor_ratio(
            self.source.currency, self.target.currency
        )
        return Decimal(floor(rate * 10**_RATE_DECIMALS)).scaleb(-_RATE_DECIMALS)


def make_quote(
    engine: Engine, markets: Mapping[str, Market], ids: Ids, now: datetime, request: Request
) -> Quote:
    """Price and keep a quote, or raise the first refusal in `Code` order."""
    check_pair(request.source_currency, request.target_currency)
    assert request.fixed.currency in {request.source_currency, request.target_currency}
    with engine.begin() as connection:
        receiver_id, market = _receiver(connection, markets, request)
        take_turn(connection, request.partner_id, request.target_currency, now)
        offer = _offer(connection, market, now, request)
        fee = _fee(market, offer.source)
        check_prefund(connection, request.partner_id, offer.source + fee, now)
        lifetime = timedelta(seconds=market.quote_lifetime_s)
        quote = Quote(
            id=ids.next(now),
            partner_id=request.partner_id,
            maker_id=offer.price.maker_id,
            receiver_id=receiver_id,
            source_currency=offer.source.currency,
            source_minor=offer.source.minor,
            fee_minor=fee.minor,
            margin_minor=offer.margin.minor,
            target_currency=offer.target.currency,
            target_minor=offer.target.minor,
            rate=offer.rate,
            quoted_at=now,
            expires_at=min(now + lifetime, offer.price.expires_at),
            accepted_at=None,
            freed_at=None,
        )
        connection.execute(text(INSERT_QUOTE), _columns(quote))
    return quote


def choose(stocked: Iterable[Stocked], terms: PairRules, fixed: Money) -> Offer:
    """Return the offer at the best price in the band that its maker can fill.

    Of equal prices the one that comes first in `stocked` is taken. Raises `Refused` with
    `no_price`, or `less_than_transaction_min_value` where nothing would arrive.
    """
    usable = [each for each in stocked if _is_in_band(each.price, terms)]
    usable.sort(key=lambda each: _rate(each.price, terms), reverse=True)  # stable: ties keep order
    for each in usable:
        offer = _at(each.price, terms, fixed)
        if not offer.target.is_positive:
            least = _at(each.price, terms, Money(terms.target_currency, 1)).source
            raise Refused(Code.LESS_THAN_TRANSACTION_MIN_VALUE, minimum=least.json)
        if _can_fill(each, offer):
            return offer
    raise Refused(Code.NO_PRICE)


def _receiver(
    connection: Connection, markets: Mapping[str, Market], request: Request
) -> tuple[int, Market]:
    named = {
        "partner": request.partner_id,
        "msisdn": request.receiver,
        "currency": request.target_currency,
    }
    found = connection.execute(text(FIND_RECEIVER), named).one_or_none()
    if found is None:  # as the poster says it of who is not here
        raise Refused(Code.SENDER_UNKNOWN)
    id_, market, status, partner, has_wallet = found
    if id_ is None:
        raise Refused(Code.RECEIVER_UNKNOWN)
    if partner != "active":
        raise Refused(Code.SENDER_CLOSED if partner == "closed" else Code.SENDER_FROZEN)
    if status != "active":
        raise Refused(Code.RECEIVER_CLOSED if status == "closed" else Code.RECEIVER_FROZEN)
    if not has_wallet:
        raise Refused(Code.NO_WALLET_IN_CURRENCY, currency=request.target_currency)
    return id_, markets[market]


def _offer(connection: Connection, market: Market, now: datetime, request: Request) -> Offer:
    source, target = request.source_currency, request.target_currency
    stocked = live_prices(connection, source, target, now)
    reference = read_rate(connection, source, target)
    if not stocked or reference is None:
        raise Refused(Code.NO_PRICE)
    if now - reference.as_of > timedelta(seconds=market.reference_rate_max_age_s):
        raise Refused(Code.REFERENCE_RATE_STALE, as_of=reference.as_of.isoformat())
    terms = PairRules(source, target, reference, market.price_band_bps, market.quote_margin_bps)
    return choose(stocked, terms, request.fixed)


def _fee(market: Market, source: Money) -> Money:
    """The receiver's market has a tariff for some source currencies; the others are free."""
    if (source.currency, "top_up") not in market.tariffs:
        return Money(source.currency, 0)
    return market.fee("top_up", source)


def _minor_ratio(source: str, target: str) -> Fraction:
    """Minor units of `target` for one of `source` at a rate of one to one."""
    return Fraction(10 ** CURRENCIES[target].exponent, 10 ** CURRENCIES[source].exponent)


def _rate(price: Price, terms: PairRules) -> Fraction:
    """Target for one of source: the maker buys its base at the bid and sells it at the ask."""
    return Fraction(price.bid) if price.base == terms.source_currency else 1 / Fraction(price.ask)


def _is_in_band(price: Price, terms: PairRules) -> bool:
    used = price.bid if price.base == terms.source_currency else price.ask
    mid = terms.reference.of(price.base)
    return is_in_band(used, mid, terms.band_bps)


def _at(price: Price, terms: PairRules, fixed: Money) -> Offer:
    """Return both amounts at a price, each rounded once, against whoever asks.

    A fixed target costs the least source of which that much or more would arrive.
    """
    rate = _rate(price, terms) * _minor_ratio(terms.source_currency, terms.target_currency)
    converted_share = 1 - Fraction(terms.margin_bps, _WHOLE_BPS)
    if fixed.currency == terms.source_currency:
        source = fixed.minor
        converted = floor(source * converted_share)
        target = floor(converted * rate)
    else:
        target = fixed.minor
        converted = ceil(target / rate)
        source = ceil(converted / converted_share)
    return Offer(
        price,
        Money(terms.source_currency, source),
        Money(terms.source_currency, source - converted),
        Money(terms.target_currency, target),
    )


def _can_fill(stocked: Stocked, offer: Offer) -> bool:
    price = stocked.price
    converted = offer.source - offer.margin
    size_minor = (converted if price.base == converted.currency else offer.target).minor
    return (
        size_minor <= price.size_minor
        and offer.target.minor <= stocked.inventory_minor
        and offer.source.minor <= MAX_MINOR
    )


def _columns(quote: Quote) -> dict[str, Any]:
    names = (
        "id", "partner_id", "maker_id", "receiver_id", "source_currency", "source_minor",
        "fee_minor", "margin_minor", "target_currency", "target_minor", "rate", "quoted_at",
        "expires_at",
    )  # fmt: skip
    return {name: getattr(quote, name) for name in names}
