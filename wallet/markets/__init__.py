"""Markets: a data file per country with its currency, calendar, limits, fees and service code."""

from __future__ import annotations

import tomllib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from wallet.errors import Code, Refused
from wallet.money import Money, parse_amount

_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Limits:
    """What a holder of one tier may do, in minor units; None is no limit.

    - `minimum`, `per_transaction`: one payment that the holder makes (send, pay, offer, claim,
      plan, a row of a list), and one cash-in to them at an agent.
    - `daily_out`, `monthly_out`: what the holder pays and sends together, by their own calendar.
    - `monthly_in`: what reaches their wallet, from wherever: an agent, a sender, abroad, a payout.
    - `balance`: what their wallet may hold after any of that.

    What was promised or is given back is never refused for a limit: a release, a return, a refund.
    """

    minimum_minor: int
    per_transaction_minor: int
    daily_out_minor: int
    monthly_out_minor: int
    monthly_in_minor: int | None
    balance_minor: int


@dataclass(frozen=True, slots=True)
class Tariff:
    """A fee by band: of the first band whose `up_to_minor` is not below the amount."""

    up_to_minor: tuple[int, ...]
    fee_minor: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DisputeTerms:
    """How long each may be silent in a dispute, and where silence leads at the very end."""

    answer_s: int  # each side's time to answer
    period_s: int  # from raising; till then the two may agree between themselves
    final_s: int  # the operator's time to decide
    default_to_payee_bps: int  # of what is disputed, where the operator does nothing
    four_eyes_above_minor: Mapping[str, int]
    """By currency; above it, and in any other currency, two operators decide."""

    def needs_two(self, amount: Money) -> bool:
        """Tell whether deciding over `amount` takes a second operator."""
        return amount.minor > self.four_eyes_above_minor.get(amount.currency, 0)


@dataclass(frozen=True, slots=True)
class PayoutTerms:
    """What payouts of a merchant here keep to; amounts are of the market's own currency."""

    minimum_minor: int
    cooling_off: timedelta  # before a new destination may be used
    cash_lifetime: timedelta  # while an agent may pay it; then it goes back
    four_eyes_above_minor: int  # a batch of more waits for a second operator
    approval_lifetime: timedelta  # while it waits; then it goes back


@dataclass(frozen=True, slots=True)
class Market:
    """One country's rules. `quote_margin_bps` and `price_band_bps` are in basis points."""

    code: str
    name: str
    currency: str
    zone: ZoneInfo
    calling_code: int
    languages: tuple[str, ...]
    service_code: str
    quote_lifetime_s: int
    quote_margin_bps: int
    reference_rate_max_age_s: int
    price_band_bps: int
    claim_days: int  # how long money waits for a number to be registered
    refund_days: int  # how long a refund waits for its merchant's money
    limits: Mapping[str, Sequence[Limits]]
    """By currency, then by tier."""
    tariffs: Mapping[tuple[str, str], Tariff]
    """By currency and flow."""
    payouts: PayoutTerms
    disputes: DisputeTerms

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies a holder here may have a wallet in, the market's own first."""
        return tuple(self.limits)

    def limits_of(self, tier: int, currency: str) -> Limits:
        """Return a tier's limits. Raises `Refused` for a currency without wallets here."""
        if currency not in self.limits:
            raise Refused(Code.CURRENCY_NOT_SUPPORTED, currency=currency)
        return self.limits[currency][tier]

    def fee(self, flow: str, amount: Money) -> Money:
        """Return what the payer pays on top of `amount`.

        Raises `Refused` above the last band, and for a currency without a tariff.
        """
        tariff = self.tariffs.get((amount.currency, flow))
        if tariff is None:
            raise Refused(Code.CURRENCY_NOT_SUPPORTED, currency=amount.currency)
        band = bisect_left(tariff.up_to_minor, amount.minor)
        if band == len(tariff.up_to_minor):
            greatest = Money(amount.currency, tariff.up_to_minor[-1])
            raise Refused(Code.GREATER_THAN_TRANSACTION_MAX_VALUE, maximum=greatest.text)
        return Money(amount.currency, tariff.fee_minor[band])

    def most_within(self, flow: str, balance: Money) -> Money:
        """Return the greatest amount that `balance` covers together with its fee; 0 for none."""
        tariff = self.tariffs.get((balance.currency, flow))
        bands = () if tariff is None else zip(tariff.up_to_minor, tariff.fee_minor, strict=True)
        most = max((min(up_to, balance.minor - fee) for up_to, fee in bands), default=0)
        return Money(balance.currency, max(most, 0))


def _minor(text: str, currency: str) -> int:
    return parse_amount(text, currency).minor if text.strip("0.") else 0


def _limits(table: Mapping[str, Any], currency: str) -> Limits:
    def minor(name: str) -> int:
        return _minor(table[name], currency)

    return Limits(
        minimum_minor=minor("minimum"),
        per_transaction_minor=minor("per_transaction"),
        daily_out_minor=minor("daily_out"),
        monthly_out_minor=minor("monthly_out"),
        monthly_in_minor=minor("monthly_in") if "monthly_in" in table else None,
        balance_minor=minor("balance"),
    )


def _tariff(bands: Sequence[Mapping[str, str]], currency: str) -> Tariff:
    up_to = tuple(_minor(band["up_to"], currency) for band in bands)
    assert up_to == tuple(sorted(set(up_to))), "bands rise"
    return Tariff(up_to, tuple(_minor(band["fee"], currency) for band in bands))


def _limits_by_currency(
    tables: Sequence[Mapping[str, Any]], own: str
) -> Mapping[str, Sequence[Limits]]:
    found: dict[str, list[Limits]] = {own: []}
    for table in sorted(tables, key=lambda each: int(each["tier"])):
        currency = table.get("currency", own)
        tiers = found.setdefault(currency, [])
        assert table["tier"] == len(tiers), "tiers count from zero"
        tiers.append(_limits(table, currency))
    return MappingProxyType(found)


def _tariffs(fees: Mapping[str, Any], own: str) -> Mapping[tuple[str, str], Tariff]:
    """Read `[fees]`, the market's own currency, and `[fees.XXX]` for each other one."""
    found: dict[tuple[str, str], Tariff] = {}
    for name, bands in fees.items():
        if isinstance(bands, list):
            found[(own, name)] = _tariff(bands, own)
        else:
            found.update({(name, flow): _tariff(each, name) for flow, each in bands.items()})
    return MappingProxyType(found)


def _payouts(table: Mapping[str, Any], currency: str) -> PayoutTerms:
    return PayoutTerms(
        minimum_minor=_minor(table["minimum"], currency),
        cooling_off=timedelta(hours=table["cooling_off_hours"]),
        cash_lifetime=timedelta(days=table["cash_days"]),
        four_eyes_above_minor=_minor(table["four_eyes_above"], currency),
        approval_lifetime=timedelta(days=table["approval_days"]),
    )


def _disputes(table: Mapping[str, Any]) -> DisputeTerms:
    above = table["four_eyes_above"]
    terms = DisputeTerms(
        answer_s=table["answer_days"] * _DAY_S,
        period_s=table["period_days"] * _DAY_S,
        final_s=table["final_days"] * _DAY_S,
        default_to_payee_bps=table["default_to_payee_bps"],
        four_eyes_above_minor=MappingProxyType(
            {currency: _minor(amount, currency) for currency, amount in above.items()}
        ),
    )
    assert 0 < terms.answer_s <= terms.period_s, "both can answer within the period"
    assert terms.final_s > 0, "an operator has time"
    assert 0 <= terms.default_to_payee_bps <= 10_000, "a share of the whole"
    return terms


def parse_market(text: str) -> Market:
    """Read one market's data file."""
    table = tomllib.loads(text)
    currency = table["currency"]
    return Market(
        code=table["code"],
        name=table["name"],
        currency=currency,
        zone=ZoneInfo(table["time_zone"]),
        calling_code=table["calling_code"],
        languages=tuple(table["languages"]),
        service_code=table["service_code"],
        quote_lifetime_s=table["quote_lifetime_s"],
        quote_margin_bps=table["quote_margin_bps"],
        reference_rate_max_age_s=table["reference_rate_max_age_s"],
        price_band_bps=table["price_band_bps"],
        claim_days=table["claim_days"],
        refund_days=table["refund_days"],
        limits=_limits_by_currency(table["limits"], currency),
        tariffs=_tariffs(table["fees"], currency),
        payouts=_payouts(table["payouts"], currency),
        disputes=_disputes(table["disputes"]),
    )


def load_markets() -> Mapping[str, Market]:
    """Return every market by its ISO 3166 code."""
    markets = [
        parse_market(file.read_text("utf-8"))
        for file in files(__package__).iterdir()
        if file.name.endswith(".toml")
    ]
    return MappingProxyType({market.code: market for market in markets})


def hastened(markets: Mapping[str, Market], dispute_s: int) -> Mapping[str, Market]:
    """Return the markets with disputes of seconds, to try them out: each time is `dispute_s`."""
    return MappingProxyType(
        {
            code: replace(
                market,
                disputes=replace(
                    market.disputes, answer_s=dispute_s, period_s=dispute_s, final_s=dispute_s
                ),
            )
            for code, market in markets.items()
        }
    )


MARKETS: Final = load_markets()
