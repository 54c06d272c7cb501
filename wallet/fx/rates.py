"""Reference rates: the operator's view of the market, around which makers' prices must lie.

A rate is `mid` units of `quoted` for one of `base`, both in major units; exact decimals, never
floats. One row serves both directions of a pair.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from sqlalchemy import Connection, Engine, text

from wallet.errors import Code, Refused
from wallet.money import CURRENCIES

AHEAD: Final = timedelta(minutes=5)
"""How far a source's clock may be ahead of ours."""

DECIMALS: Final = 12
"""The most that a rate has."""
RATE_PATTERN: Final = rf"^(?!0(?:\.0*)?$)(?:0|[1-9][0-9]{{0,11}})(?:\.[0-9]{{1,{DECIMALS}}})?$"
"""A positive decimal, as the document tells of it."""
_RATE: Final = re.compile(RATE_PATTERN, re.ASCII)
_LONGEST_SOURCE: Final = 80

# A rate that comes late must not push out a newer one.
SET_RATE: Final = """
    INSERT INTO reference_rates (base, quoted, mid, source, as_of)
    VALUES (:base, :quoted, :mid, :source, :as_of)
        ON CONFLICT (base, quoted) DO UPDATE
       SET mid = excluded.mid, source = excluded.source, as_of = excluded.as_of
     WHERE excluded.as_of >= reference_rates.as_of
    RETURNING as_of
"""

READ_RATE: Final = """
    SELECT base, quoted, mid, source, as_of
      FROM reference_rates
     WHERE (base, quoted) IN ((:one, :other), (:other, :one))
     ORDER BY as_of DESC
     LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class ReferenceRate:
    """What one of `base` is worth in `quoted`, as of when, and who says so."""

    base: str
    quoted: str
    mid: Decimal
    source: str
    as_of: datetime

    def of(self, base: str) -> Fraction:
        """Return the exact mid rate with `base` as the base, whichever way it is kept."""
        mid = Fraction(self.mid)
        return mid if base == self.base else 1 / mid


def parse_rate(value: object, field: str) -> Decimal:
    """Read a rate strictly: a positive decimal in a string, at most 12 decimals."""
    if not isinstance(value, str) or not _RATE.fullmatch(value):
        raise Refused(Code.FORMAT_ERROR, field=field, expected="a positive decimal in a string")
    return Decimal(value)


def rate_text(rate: Decimal) -> str:
    """Return a rate as the API shows it: no exponent, no idle zeros."""
    shown = f"{rate:f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def check_pair(base: str, quoted: str) -> None:
    """Raise `Refused` where the two are not two currencies."""
    for currency in (base, quoted):
        if currency not in CURRENCIES:
            raise Refused(Code.CURRENCY_NOT_SUPPORTED, currency=currency[:8])
    if base == quoted:
        raise Refused(Code.FORMAT_ERROR, field="quoted", expected="another currency than base")


def set_rate(engine: Engine, rate: ReferenceRate, now: datetime) -> None:
    """Keep the newest rate of a pair. Raises `Refused` for one of the future or of the past."""
    check_pair(rate.base, rate.quoted)
    if not 0 < len(rate.source.strip()) <= _LONGEST_SOURCE:
        raise Refused(Code.FORMAT_ERROR, field="source")
    if rate.as_of > now + AHEAD:
        raise Refused(Code.FORMAT_ERROR, field="as_of", expected="not in the future")
    named = {
        "base": rate.base,
        "quoted": rate.quoted,
        "mid": rate.mid,
        "source": rate.source.strip(),
        "as_of": rate.as_of,
    }
    with engine.begin() as connection:
        if connection.execute(text(SET_RATE), named).one_or_none() is None:
            raise Refused(Code.INCORRECT_STATE, state="newer_rate_known")


def read_rate(connection: Connection, one: str, other: str) -> ReferenceRate | None:
    """Return the newest rate between two currencies, whichever way it is kept."""
    row = connection.execute(text(READ_RATE), {"one": one, "other": other}).one_or_none()
    return None if row is None else ReferenceRate(*row)
