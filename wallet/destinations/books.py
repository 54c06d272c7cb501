"""What the books check asks of destinations: naming one moves no money."""

from __future__ import annotations

from typing import Final

from wallet.ledger.legs import NONE

LEGS: Final = {
    "add_destination": NONE,
    "confirm_destination": NONE,
    "remove_destination": NONE,
    "default_destination": NONE,
}
