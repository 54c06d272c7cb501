"""What the books check asks of held payments: from a wallet, and on to one of the two parties."""

from __future__ import annotations

from typing import Final

from wallet.ledger.legs import NONE, legs

LEGS: Final = {
    "pay": legs("wallet- escrow+|settlement+ fees+?"),
    "offer": legs("wallet- escrow+|wallet+ fees+?"),
    "claim": legs("wallet- escrow+ fees+?"),
    "claimed": legs("escrow- wallet+"),
    "claim_waits": NONE,
    "release": legs("escrow- wallet+|settlement+"),
    "release_due": legs("escrow- wallet+|settlement+"),
    "return": legs("escrow- wallet+"),
    "decline": legs("escrow- wallet+"),
    "return_due": legs("escrow- wallet+|prefund+"),  # a list's payer may be a partner
    "extend": NONE,
}
