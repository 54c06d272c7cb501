"""What the books check asks of who comes in: accounts open empty."""

from __future__ import annotations

from typing import Final

from wallet.ledger.legs import NONE

LEGS: Final = {
    "register": NONE,
    "onboard_agent": NONE,
    "onboard_merchant": NONE,
    "onboard_partner": NONE,
    "onboard_operator": NONE,
}
