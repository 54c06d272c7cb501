"""A merchant's terms as a test wants them."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from tests.tables import Merchant
from tests.town import Town
from wallet.merchants import set_pricing
from wallet.merchants.pricing import Pricing

PRICING = 70


def a_pricing(merchant_id: int = 2, *, paid_until: datetime | None = None, **terms: Any) -> Pricing:
    """Terms that cost nothing but what `terms` say, in KES."""
    values = {
        "commission_bps": 0, "commission_min_minor": 0, "commission_max_minor": None,
        "reserve_bps": 0, "reserve_days": 0, "monthly_fee_minor": None,
        "commission_bps_paid": None, "after_delivery_s": None, "currency": "KES",
    }  # fmt: skip
    return Pricing(PRICING, merchant_id, **values | terms, paid_until=paid_until)


def price(town: Town, merchant: Merchant, *, currency: str = "KES", **terms: Any) -> int:
    """Set a merchant's terms; return the version's id."""
    terms.setdefault("commission_bps", 0)
    command = set_pricing.Command(0, uuid4(), merchant.id, currency, **terms)
    return town.id_in(town.service.poster.post(set_pricing.decide, command))
