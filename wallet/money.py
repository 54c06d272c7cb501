"""Money: an integer of minor units with a currency. Exponents and numbers from ISO 4217."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from wallet.errors import Code, Refused


@dataclass(frozen=True, slots=True)
class Currency:
    """`exponent` is how many decimals one major unit has; `numeric` is the ISO 4217 number."""

    code: str
    numeric: str
    exponent: int
    symbol: str


CURRENCIES: Final = {
    currency.code: currency
    for currency in (
        Currency("AED", "784", 2, "AED"),
        Currency("BDT", "050", 2, "Tk"),
        Currency("EUR", "978", 2, "EUR"),
        Currency("GBP", "826", 2, "GBP"),
        Currency("GHS", "936", 2, "GHS"),
        Currency("JPY", "392", 0, "JPY"),
        Currency("KES", "404", 2, "KSh"),
        Currency("KWD", "414", 3, "KWD"),
        Currency("NGN", "566", 2, "NGN"),
        Currency("PHP", "608", 2, "PHP"),
        Currency("SGD", "702", 2, "SGD"),
        Currency("THB", "764", 2, "THB"),
        Currency("TZS", "834", 2, "TSh"),
        Currency("UGX", "800", 0, "USh"),
        Currency("USD", "840", 2, "USD"),
        Currency("XOF", "952", 0, "CFA"),
    )
}

MAX_MINOR: Final = 10**15 - 1
"""The largest amount of one command: far above any limit, far below a bigint's end."""

_AMOUNT: Final = re.compile(r"(0|[1-9][0-9]*)(?:\.([0-9]+))?", re.ASCII)
_SCALE: Final = {code: 10**currency.exponent for code, currency in CURRENCIES.items()}
_FRACTION: Final = {
    code: f".%0{each.exponent}d" for code, each in CURRENCIES.items() if each.exponent
}


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` counts the smallest unit (ISO 4217): KES 12.50 is Money("KES", 1250)."""

    currency: str
    minor: int

    def __post_init__(self) -> None:
        assert type(self.minor) is int, self.minor
        assert self.currency in CURRENCIES, self.currency

    def __add__(self, other: Money) -> Money:
        assert self.currency == other.currency, (self, other)
        return Money(self.currency, self.minor + other.minor)

    def __sub__(self, other: Money) -> Money:
        assert self.currency == other.currency, (self, other)
        return Money(self.currency, self.minor - other.minor)

    def __neg__(self) -> Money:
        return Money(self.currency, -self.minor)

    def __gt__(self, other: Money) -> bool:
        assert self.currency == other.currency, (self, other)  # order=True would compare codes
        return self.minor > other.minor

    @property
    def is_positive(self) -> bool:
        return self.minor > 0

    @property
    def text(self) -> str:
        """`250.00`: what the API and `parse_amount` speak."""
        return format_amount(self)

    @property
    def shown(self) -> str:
        """`KSh 12,345.50`: what people read on a screen or in an SMS (GSM-7 only)."""
        return f"{CURRENCIES[self.currency].symbol} {_decimal_text(self, group=True)}"

    @property
    def json(self) -> dict[str, str]:
        """The amount as the API shows it."""
        return {"amount": format_amount(self), "currency": self.currency}


def _decimal_text(money: Money, *, group: bool) -> str:
    whole, fraction = divmod(abs(money.minor), _SCALE[money.currency])
    head = f"{whole:,}" if group else str(whole)
    tail = _FRACTION.get(money.currency)
    text = head + tail % fraction if tail is not None else head
    return "-" + text if money.minor < 0 else text


def format_amount(money: Money) -> str:
    """Return `"250.00"`: all decimals of the currency, no grouping."""
    return _decimal_text(money, group=False)


def parse_amount(text: object, currency: object) -> Money:
    """Read an amount strictly; nothing is ever rounded.

    Raises `Refused` with `currency_not_supported`, `amount_malformed` (not a string of ASCII
    digits with at most one point), `amount_too_precise`, `amount_too_large` or
    `amount_not_positive`.
    """
    if not isinstance(currency, str):
        raise Refused(Code.CURRENCY_NOT_SUPPORTED)
    if currency not in CURRENCIES:
        raise Refused(Code.CURRENCY_NOT_SUPPORTED, currency=currency[:8])
    if not isinstance(text, str):
        raise Refused(Code.AMOUNT_MALFORMED)
    if text.startswith("-") and _AMOUNT.fullmatch(text[1:]):
        raise Refused(Code.AMOUNT_NOT_POSITIVE)
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise Refused(Code.AMOUNT_MALFORMED)
    exponent = CURRENCIES[currency].exponent
    whole, fraction = match.groups("")
    if len(fraction) > exponent:
        raise Refused(Code.AMOUNT_TOO_PRECISE, decimals=exponent, currency=currency)
    if len(whole) > len(str(MAX_MINOR)):  # before int(), which is slow on very long digit strings
        raise Refused(Code.AMOUNT_TOO_LARGE)
    minor = int(whole) * _SCALE[currency] + int(fraction.ljust(exponent, "0") or "0")
    if minor > MAX_MINOR:
        raise Refused(Code.AMOUNT_TOO_LARGE)
    if minor == 0:
        raise Refused(Code.AMOUNT_NOT_POSITIVE)
    return Money(currency, minor)
