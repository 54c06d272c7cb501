"""What the books check asks of plans: what is paid for is held, and each visit releases a part."""

from __future__ import annotations

from typing import Final

from wallet.ledger.legs import NONE, legs

LEGS: Final = {
    "offer_plan": NONE,
    "withdraw_plan": NONE,
    "buy_plan": legs("wallet- escrow+ fees+?"),
    "visit": legs("escrow- settlement+"),
    "visit_code": NONE,
    "redeem_visit": legs("escrow- settlement+"),
}
