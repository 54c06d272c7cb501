"""Accounts: who is owed what. A positive balance is what the operator owes its holder."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from wallet.money import Money


class Kind(StrEnum):
    """What an account is for. Every kind but `trust` is forbidden to stand below zero."""

    TRUST = "trust"  # mirror of the safeguarded bank money; negative: the bank owes it to us
    WALLET = "wallet"
    FLOAT = "float"  # an agent's e-money
    SETTLEMENT = "settlement"  # what a merchant is owed
    RESERVE = "reserve"  # the part of it that is kept back for a while
    ESCROW = "escrow"  # one per contract
    BULK = "bulk"  # one per list of payments: what of it is still to be paid
    PREFUND = "prefund"  # a partner's money with us
    MAKER = "maker"  # a market maker's inventory
    IN_TRANSIT = "in_transit"  # payouts on their way to a bank
    FEES = "fees"
    COMMISSIONS = "commissions"  # what merchants pay on what is released to them
    FX_MARGIN = "fx_margin"


EARNED: Final = frozenset({Kind.FEES, Kind.COMMISSIONS, Kind.FX_MARGIN})
"""What the operator earns: only ever added to, so it may lie in several accounts."""


@dataclass(slots=True)
class Account:
    """An account as one batch sees it; the poster moves it on as it decides."""

    id: int
    holder_id: int | None
    kind: str
    currency: str
    balance_minor: int = 0
    entry_count: int = 0

    @property
    def balance(self) -> Money:
        return Money(self.currency, self.balance_minor)
