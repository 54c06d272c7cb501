"""What the books check asks of people: what they do about themselves moves no money."""

from __future__ import annotations

from typing import Final

from wallet.ledger.legs import NONE

LEGS: Final = {
    "change_holder": NONE,
    "change_pin": NONE,
    "sign_in": NONE,
}
