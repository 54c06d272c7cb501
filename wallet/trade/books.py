"""What the books check asks of trade documents: they lie beside the money."""

from __future__ import annotations

from typing import Final

from wallet.ledger.legs import NONE

LEGS: Final = {
    "order": NONE,
    "ship": NONE,
    "deliver": NONE,
}
