"""A merchant's terms as the operator and the merchant read them, version by version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine

from wallet.database import read
from wallet.errors import Code, Refused
from wallet.merchants.pricing import Pricing

OWN_TERMS: Final = f"""
    SELECT {Pricing.COLUMNS}, p.set_at, m.monthly_due_at
      FROM merchants m
      LEFT JOIN pricings p ON p.id = m.pricing_id
     WHERE m.holder_id = :merchant
"""
ALL_TERMS: Final = f"""
    SELECT {Pricing.COLUMNS}, p.set_at, m.monthly_due_at
      FROM merchants m
      LEFT JOIN pricings p ON p.merchant_id = m.holder_id   -- index pricings_of_merchant
     WHERE m.holder_id = :merchant
     ORDER BY p.id DESC
     LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class PricingVersion:
    """A version of a merchant's terms; `monthly_due_at`: when the fee is next charged."""

    pricing: Pricing
    set_at: datetime
    monthly_due_at: datetime | None


def version_in_force(engine: Engine, merchant_id: int) -> PricingVersion | None:
    """Return the terms in force; None where a merchant has none, and pays none."""
    rows = read(engine, OWN_TERMS, merchant=merchant_id)
    return _terms(rows[0]) if rows else None


def versions_of(engine: Engine, merchant_id: int, limit: int = 200) -> tuple[PricingVersion, ...]:
    """Return every version of a merchant's terms, newest first.

    Raises `Refused` with `not_found` where there is no such merchant.
    """
    rows = read(engine, ALL_TERMS, merchant=merchant_id, limit=limit)
    if not rows:
        raise Refused(Code.NOT_FOUND, of="merchant")
    return tuple(terms for terms in map(_terms, rows) if terms is not None)


def _terms(row: tuple[Any, ...]) -> PricingVersion | None:
    *columns, set_at, due_at = row
    pricing = Pricing.from_columns(tuple(columns))
    return None if pricing is None else PricingVersion(pricing, set_at, due_at)
