"""Every rule that a row of a list has to keep before anything of the list moves.

Amounts in minor units. The fee of the tariff's `bulk` comes on top of each row; limits of one
transaction are those of who pays. One number may be paid twice only under two references.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar

from wallet.bulk.faults import Fault, RowFault
from wallet.bulk.lists import Cells
from wallet.errors import Code, Refused
from wallet.markets import Limits, Market
from wallet.money import CURRENCIES, parse_amount
from wallet.numbers import parse_msisdn
from wallet.pasted import plain
from wallet.people.limits import check_one

Value = TypeVar("Value")

LONGEST: Final = {"name": 80, "reference": 40, "note": 140}
_ROUNDED: Final = re.compile(r"[0-9]([.,][0-9]+)?E\+?[0-9]{1,3}", re.IGNORECASE)  # 2.5E+11
_FORMULA: Final = frozenset("=+-@\t\r")


class Row(NamedTuple):
    """A payment of the list, as it is stored."""

    row_no: int
    msisdn: str
    amount_minor: int
    fee_minor: int
    reference: str | None
    name: str | None
    note: str | None


class Payer(NamedTuple):
    """Who pays the list: a holder of this market and tier; a business has no number."""

    id: int
    msisdn: str | None
    market: str
    tier: int


def paying_market(code: str, currency: str, markets: Mapping[str, Market]) -> Market:
    """Return whose tariff and limits hold: the payer's own market's, where it has the currency."""
    own = markets[code]
    if currency in own.limits:
        return own
    # A partner from abroad pays by the rules of where the money goes.
    return next((each for each in markets.values() if each.currency == currency), own)


@dataclass(slots=True)
class Checker:
    """Checks a list's rows in their order; sums up those that are good."""

    payer: Payer
    home: str
    markets: Mapping[str, Market]
    currency: str | None
    amount_minor: int = 0
    fee_minor: int = 0
    _market: Market | None = None
    _limits: Limits | None = None
    _first: dict[tuple[str, str], int] = field(default_factory=dict)

    def check(self, row_no: int, cells: Cells) -> Row | list[Fault]:
        """Return the row to be stored, or everything that is wrong with it."""
        faults: list[Fault] = []

        def read(name: str, reader: Callable[[object], Value], value: object) -> Value | None:
            try:
                return reader(value)
            except Refused as refusal:
                what = ", ".join(f"{key}: {said}" for key, said in refusal.facts.items())
                faults.append(Fault(row_no, name, refusal.code, what))
            except _Faulty as faulty:
                faults.append(Fault(row_no, name, faulty.fault, faulty.what))
            return None

        msisdn = read("msisdn", self._read_msisdn, cells.msisdn)
        read("currency", self._read_currency, cells.currency)
        priced = read("amount", self._read_amount, cells.amount)
        texts = [
            None if cell is None or cell == "" else read(name, _TEXTS[name], cell)
            for name, cell in (
                ("reference", cells.reference), ("name", cells.name), ("note", cells.note)
            )
        ]  # fmt: skip
        if msisdn is not None:
            first = self._first.setdefault((msisdn, texts[0] or ""), row_no)
            if first != row_no:
                faults.append(Fault(row_no, "msisdn", RowFault.TWICE, f"First in row {first}."))
        if faults or msisdn is None or priced is None:
            return faults
        amount_minor, fee_minor = priced
        self.amount_minor += amount_minor
        self.fee_minor += fee_minor
        return Row(row_no, msisdn, amount_minor, fee_minor, *texts)

    def _read_msisdn(self, cell: object) -> str:
        msisdn = parse_msisdn(_number(cell), self.home, self.markets)
        if msisdn == self.payer.msisdn:
            raise Refused(Code.SAME_PARTIES)
        return msisdn

    def _read_currency(self, cell: object) -> None:
        """Hold that the row's currency, where it names one, is the list's; the first one is."""
        cell = _plain(cell)
        if cell is None or cell == "":
            if self.currency is None:
                raise _Faulty(RowFault.MISSING)
        elif not isinstance(cell, str) or cell not in CURRENCIES:
            raise Refused(Code.CURRENCY_NOT_SUPPORTED)
        elif self.currency is None:
            self.currency = cell
        elif cell != self.currency:
            raise _Faulty(RowFault.OTHER_CURRENCY, f"{self.currency} is the list's.")

    def _read_amount(self, cell: object) -> tuple[int, int] | None:
        number = _number(cell)
        if self.currency is None:
            return None  # said of the currency already
        amount = parse_amount(number, self.currency)
        if self._limits is None or self._market is None:
            self._market = paying_market(self.payer.market, self.currency, self.markets)
            tiers = len(self._market.limits.get(self.currency, ()))
            self._limits = self._market.limits_of(min(self.payer.tier, tiers - 1), self.currency)
        check_one(self._limits, amount)
        return amount.minor, self._market.fee("bulk", amount).minor


class _Faulty(Exception):
    """A cell is not what it should be."""

    def __init__(self, fault: RowFault, what: str = "") -> None:
        super().__init__(fault)
        self.fault = fault
        self.what = what


def _plain(cell: object) -> object:
    return plain(cell) if isinstance(cell, str) else cell


def _number(cell: object) -> object:
    """Return a cell that must hold a number, without the apostrophe that makes it text."""
    number = _plain(cell)
    if number is None or number == "":
        raise _Faulty(RowFault.MISSING)
    if not isinstance(number, str):
        return number
    if "E" in number.upper() and _ROUNDED.fullmatch(number):
        raise _Faulty(RowFault.ROUNDED)
    return number.removeprefix("'")


def _text_reader(name: str) -> Callable[[object], str | None]:
    longest = LONGEST[name]

    def read(cell: object) -> str | None:
        if not isinstance(cell, str):
            raise _Faulty(RowFault.NOT_TEXT)
        cell = plain(cell)
        if not cell:
            return None
        if cell[0] in _FORMULA:
            raise _Faulty(RowFault.FORMULA, "Begin it with another character.")
        if len(cell) > longest:
            raise _Faulty(RowFault.TOO_LONG, f"{longest} characters are the most.")
        if not cell.isprintable():
            raise _Faulty(RowFault.NOT_TEXT)
        return cell

    return read


_TEXTS: Final = {name: _text_reader(name) for name in LONGEST}
