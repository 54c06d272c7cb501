"""Rails: what a payout asks of whoever moves money to banks and other networks.

There is one rail for each kind of destination outside our books: `bank`, `mobile`. Payouts are
handed over in batches; a rail that takes them one by one says so with `most_in_batch` 1.

A rail knows a payout by its reference, and a batch by the batch's. Submitting the same again is
the same payment, whatever came of the first call: a rail whose bank does not promise that must
find out before it sends. What a rail cannot tell it says with `Pending`, `Unknown` or `Silent`, or
raises, which is the same as `Silent`: nothing moves on any of these.

What a rail hears later by itself (a status file, a callback) it passes to
`wallet.payouts.handover.settle`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from wallet.destinations.records import Destination
from wallet.money import Money

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    """One payment to one destination. `batch` is the reference of what it is handed over in."""

    reference: str
    amount: Money
    destination: Destination
    requested_at: datetime
    batch: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Orders of one kind and currency, handed over together; the same ones whenever it is asked."""

    reference: str
    kind: str
    total: Money
    orders: tuple[PayoutOrder, ...]
    made_at: datetime


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
    """The bank says that it has no payment of this reference: it may be handed over again."""


@dataclass(frozen=True, slots=True)
class Silent:
    """No answer came: the bank may or may not have it. It is asked again, and not resent."""


Outcome = Paid | Failed | Pending | Unknown | Silent


@dataclass(frozen=True, slots=True)
class Handed:
    """What came of handing a batch over: by reference. An order left out is `Pending`."""

    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    file: str = ""  # what the rail calls what it was given, for the operator


class Rail(Protocol):
    """Moves money out. Called outside transactions; each call ends within 30 seconds.

    Inherit from it for the default `submit_batch`, which submits each order by itself.
    """

    most_in_batch: int = 1

    def submit(self, order: PayoutOrder) -> Outcome:
        """Hand a payment over; handed over before, it stays one payment."""
        ...

    def status(self, order: PayoutOrder) -> Outcome:
        """Ask what became of a payment."""
        ...

    def submit_batch(self, batch: Batch) -> Handed:
        """Hand a batch over; handed over before, it stays one batch."""
        return Handed({order.reference: self._outcome(order) for order in batch.orders})

    def _outcome(self, order: PayoutOrder) -> Outcome:
        """Submit one of several: what one raises must not hide what became of the others."""
        try:
            return self.submit(order)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the outcome is not known
            # Only the type: what an adapter raises may quote an account.
            log.warning("payout %s: the rail raised %s", order.reference, type(error).__name__)
            return Silent()
