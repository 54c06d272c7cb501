"""What the books check asks of one's own accounts: a wallet opens empty."""

from __future__ import annotations

from typing import Final

from wallet.ledger.legs import NONE

LEGS: Final = {
    "open_wallet": NONE,
}
