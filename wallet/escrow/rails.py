"""Bank rails: what a payout asks of whoever moves money to banks. DESIGN, D8.

A rail knows a payout by its reference. Submitting the same reference again is the same payment,
whatever came of the first call; a rail whose bank does not promise that must find out with
`status` before it sends. What a rail cannot tell it says with `Pending` or `Unknown`, or raises:
nothing moves on either.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from wallet.escrow.payouts import Destination
from wallet.money import Money


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    """One payment to one bank account."""

    reference: str
    amount: Money
    destination: Destination
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class Paid:
    """The money is in the account. Final."""


@dataclass(frozen=True, slots=True)
class Failed:
    """It is not and will not be paid under this reference. Final."""

    reason: str


@dataclass(frozen=True, slots=True)
class Pending:
    """The bank has it and has not decided."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The bank has no payment of this reference."""


Outcome = Paid | Failed | Pending | Unknown


class Rail(Protocol):
    """Moves money to banks. Called outside transactions; each call ends within 30 seconds."""

    def submit(self, order: PayoutOrder) -> Outcome:
        """Hand a payment over; handed over before, it stays one payment."""

    def status(self, reference: str) -> Outcome:
        """Ask what became of a payment."""
