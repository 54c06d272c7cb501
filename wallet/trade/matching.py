"""Do order, payment and shipment tell the same? What differs is flagged, never refused.

Part deliveries and deposits are ordinary trade: it is for the two parties, and for whoever clears
the goods, to say what a difference means.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from wallet.money import Money
from wallet.trade.documents import Delivery, Order, Shipment


class Mismatch(StrEnum):
    """What can differ. Published: append, never rename."""

    CURRENCY_DIFFERS = "currency_differs"
    AMOUNT_DIFFERS = "amount_differs"
    SHIPPED_BEFORE_PAID = "shipped_before_paid"
    LINE_MISSING = "line_missing"
    LINE_UNEXPECTED = "line_unexpected"
    QUANTITY_DIFFERS = "quantity_differs"
    WEIGHT_DIFFERS = "weight_differs"
    DELIVERED_BEFORE_SHIPPED = "delivered_before_shipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference: what it is, of which line, and the two sides of it."""

    code: Mismatch
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def json(self) -> dict[str, Any]:
        """The finding as it is shown; a line of None concerns the whole."""
        return {
            "code": self.code.value,
            "line": None,
            "expected": None,
            "found": None,
            **self.facts,
        }


@dataclass(frozen=True, slots=True)
class Payment:
    """What the contract took in, and when."""

    amount: Money
    paid_at: datetime


def matching(
    order: Order | None,
    payment: Payment,
    shipment: Shipment | None,
    delivery: Delivery | None = None,
) -> tuple[Finding, ...]:
    """Return everything that differs, in the order of `Mismatch`; what is None is not compared."""
    found: list[Finding] = []
    if order is not None:
        found += _paid(order, payment)
    if shipment is not None and shipment.shipped_at < payment.paid_at:
        found.append(_differs(Mismatch.SHIPPED_BEFORE_PAID, payment.paid_at, shipment.shipped_at))
    if order is not None and shipment is not None:
        found += _sent(order, shipment)
    if shipment is not None:
        found += _weights(shipment)
    if shipment and delivery and delivery.delivered_at < shipment.shipped_at:
        times = (shipment.shipped_at, delivery.delivered_at)
        found.append(_differs(Mismatch.DELIVERED_BEFORE_SHIPPED, *times))
    places = list(Mismatch)
    return tuple(sorted(found, key=lambda each: places.index(each.code)))


def _paid(order: Order, payment: Payment) -> Iterator[Finding]:
    if order.total.currency != payment.amount.currency:
        facts = {"expected": order.total.currency, "found": payment.amount.currency}
        yield Finding(Mismatch.CURRENCY_DIFFERS, facts)
    elif order.total != payment.amount:
        facts = {"expected": order.total.text, "found": payment.amount.text}
        yield Finding(Mismatch.AMOUNT_DIFFERS, facts)


def _sent(order: Order, shipment: Shipment) -> Iterator[Finding]:
    if not shipment.lines:
        return  # without lines, all that was ordered was sent
    sent = {line.line: line.quantity for line in shipment.lines}
    ordered = dict(enumerate((line.quantity for line in order.lines), 1))
    for line, quantity in ordered.items():
        if line not in sent:
            yield Finding(Mismatch.LINE_MISSING, {"line": line, "expected": str(quantity)})
        elif sent[line] not in {None, quantity}:
            facts = {"line": line, "expected": str(quantity), "found": str(sent[line])}
            yield Finding(Mismatch.QUANTITY_DIFFERS, facts)
    for line in sent.keys() - ordered.keys():
        yield Finding(Mismatch.LINE_UNEXPECTED, {"line": line})


def _weights(shipment: Shipment) -> Iterator[Finding]:
    """The whole, with its packing, weighs at least what is in it."""
    inside_g = sum(line.weight_g or 0 for line in shipment.lines)
    if shipment.weight_g is not None and shipment.weight_g < inside_g:
        facts = {"expected": f"at least {inside_g}", "found": str(shipment.weight_g)}
        yield Finding(Mismatch.WEIGHT_DIFFERS, facts)


def _differs(code: Mismatch, expected: datetime, found: datetime) -> Finding:
    return Finding(code, {"expected": expected.isoformat(), "found": found.isoformat()})
