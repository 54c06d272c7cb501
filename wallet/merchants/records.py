"""Merchants as rows: shop, escrow terms, and the tills that customers pay."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Final

from sqlalchemy import Engine, text

from wallet.errors import Code, Refused
from wallet.ledger.facts import Needs
from wallet.ledger.rows import ReadRow, WrittenRow, inserted, record
from wallet.merchants.pricing import Priced, Pricing

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


@record(
    "tills t",
    join="""
    JOIN merchants m ON m.holder_id = t.merchant_id
    LEFT JOIN pricings p ON p.id = m.pricing_id
    """,
    lock=False,  # a payment is priced by the terms that it finds
    name="m.name",
    city="m.city",
    category="m.category",
    escrow_period_s="m.escrow_period_s",
    joined={"pricing": Pricing.COLUMNS},
)
@dataclass(frozen=True, slots=True)
class Till(Priced):
    """A merchant's point of sale, with the merchant's terms."""

    number: str
    merchant_id: int
    name: str
    city: str
    category: str
    escrow_period_s: int
    pricing: Pricing | None = None

    RANK: ClassVar[int] = 280

    @property
    def id(self) -> str:
        """The number, by which it is asked for."""
        return self.number

    def needs(self) -> Needs:
        """The merchant, with all accounts."""
        return Needs(holders=(self.merchant_id,))


@dataclass(frozen=True, slots=True)
class OpenTill:
    """A till as our books know it, with the merchant's market."""

    till: Till
    market: str


@record("merchants", id="holder_id")
@dataclass(frozen=True, slots=True)
class MerchantLock(ReadRow):
    """A merchant's row, locked: payouts and changes to destinations come one after the other."""

    id: int
    destination_id: int | None = None

    RANK: ClassVar[int] = 40


@inserted("merchants", key="holder_id")
@dataclass(frozen=True, slots=True)
class NewMerchant(WrittenRow):
    """A holder becomes a merchant."""

    RANK: ClassVar[int] = 1

    holder_id: int
    name: str
    city: str
    category: str
    escrow_period_s: int

    def apply(self, facts: Facts) -> None:
        facts.add_record(MerchantLock(self.holder_id))


@inserted("tills", "number, merchant_id, label", key="number")
@dataclass(frozen=True, slots=True)
class NewTill(WrittenRow):
    """A till of a merchant; the database refuses a number that is taken."""

    RANK: ClassVar[int] = 2

    till: Till
    label: str

    def apply(self, facts: Facts) -> None:
        facts.add_record(self.till)


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
