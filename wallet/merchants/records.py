"""Merchants as rows: shop, escrow terms, and the tills that customers pay."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from sqlalchemy import Engine, text

from wallet.errors import Code, Refused
from wallet.ledger.facts import Needs, Till

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts

LONGEST_PERIOD: Final = timedelta(days=90)
TILL_DIGITS: Final = 6
_TILL: Final = re.compile(r"[1-9][0-9]{4,6}", re.ASCII)
_CATEGORY: Final = re.compile(r"[0-9]{4}", re.ASCII)

READ_TILL: Final = """
    SELECT t.number, m.holder_id, m.name, m.city, m.category, m.escrow_period_s, h.market
      FROM tills t
      JOIN merchants m ON m.holder_id = t.merchant_id
      JOIN holders h ON h.id = m.holder_id
     WHERE t.number = :number
"""


@dataclass(frozen=True, slots=True)
class OpenTill:
    """A till as our books know it, with the merchant's market."""

    till: Till
    market: str


@dataclass(frozen=True, slots=True)
class MerchantLock:
    """A merchant's row, locked: payouts and changes to destinations come one after the other."""

    id: int
    destination_id: int | None = None

    LOCK: ClassVar[str] = """
        SELECT holder_id, destination_id
          FROM merchants
         WHERE holder_id = ANY(%(ids)s)
         ORDER BY holder_id
           FOR NO KEY UPDATE
    """
    RANK: ClassVar[int] = 3

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return the merchant of one row of LOCK."""
        return cls(*row)

    def needs(self) -> Needs:
        """Nothing more than the merchant, whom the command names."""
        return Needs()


@dataclass(frozen=True, slots=True)
class NewMerchant:
    """A holder becomes a merchant."""

    WRITE: ClassVar[str] = """
        INSERT INTO merchants (holder_id, name, city, category, escrow_period_s)
        SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::bigint[])
    """
    RANK: ClassVar[int] = 1

    holder_id: int
    name: str
    city: str
    category: str
    escrow_period_s: int

    @property
    def identity(self) -> int:
        return self.holder_id

    def values(self) -> tuple[Any, ...]:
        return (self.holder_id, self.name, self.city, self.category, self.escrow_period_s)

    def apply(self, facts: Facts) -> None:
        facts.records[(MerchantLock, self.holder_id)] = MerchantLock(self.holder_id)


@dataclass(frozen=True, slots=True)
class NewTill:
    """A till of a merchant; the database refuses a number that is taken."""

    WRITE: ClassVar[str] = """
        INSERT INTO tills (number, merchant_id, label)
        SELECT * FROM unnest(%s::text[], %s::bigint[], %s::text[])
    """
    RANK: ClassVar[int] = 2

    till: Till
    label: str

    @property
    def identity(self) -> str:
        return self.till.number

    def values(self) -> tuple[Any, ...]:
        return (self.till.number, self.till.merchant_id, self.label)

    def apply(self, facts: Facts) -> None:
        facts.tills[self.till.number] = self.till


def check_category(category: str) -> str:
    """Return an ISO 18245 merchant category code, or refuse what is none."""
    if not _CATEGORY.fullmatch(category):
        raise Refused(Code.FORMAT_ERROR, field="category", expected="four digits (ISO 18245)")
    return category


def check_period(escrow_period_s: int) -> int:
    """Return a period for which payments may be held, or refuse one that is too long."""
    longest_s = int(LONGEST_PERIOD.total_seconds())
    if not 0 <= escrow_period_s <= longest_s:
        raise Refused(Code.PERIOD_OUT_OF_RANGE, field="escrow_period_s", longest_s=longest_s)
    return escrow_period_s


def check_till(number: str) -> str:
    """Return a till number, or refuse one that is not five to seven digits."""
    if not _TILL.fullmatch(number):
        raise Refused(Code.FORMAT_ERROR, field="tills", expected="5 to 7 digits, the first not 0")
    return number


def till_of(engine: Engine, number: str) -> OpenTill | None:
    """Return a till and its merchant's terms, as our books have them."""
    with engine.connect() as connection:
        row = connection.execute(text(READ_TILL), {"number": number}).one_or_none()
    return None if row is None else OpenTill(Till(*row[:-1]), row[-1])
