"""Trade documents of a contract: what was ordered, what was sent, and proof that it arrived.

They move no money. Amounts are minor units, times UTC, weights grams, quantities whole pieces of
whatever the line's description says. What is checked here is each document by itself; whether the
three tell the same is for matching.py.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Self

from phonenumbers import SUPPORTED_REGIONS

from wallet.errors import Code, Refused
from wallet.money import MAX_MINOR, Money, parse_amount

MOST_LINES: Final = 100
MOST_PIECES: Final = 1_000_000
HEAVIEST_G: Final = 1_000_000_000
LONGEST_DESCRIPTION: Final = 120
LONGEST_NAME: Final = 60
LONGEST_TRACKING: Final = 40
_TRACKING: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z ./-]{1,38}[0-9A-Za-z]", re.ASCII)
_HS_CODE: Final = re.compile(r"[0-9]{6}([0-9]{2}){0,2}", re.ASCII)
_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """Goods of one kind. `hs_code` is the Harmonized System's, `origin` a country's ISO code."""

    description: str
    quantity: int
    unit_amount: Money
    amount: Money
    origin: str
    hs_code: str | None = None

    @property
    def json(self) -> dict[str, Any]:
        """The line as it is stored and shown."""
        return {
            "description": self.description,
            "quantity": self.quantity,
            "unit_amount": self.unit_amount.json,
            "amount": self.amount.json,
            "origin": self.origin,
            "hs_code": self.hs_code,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            data["description"],
            data["quantity"],
            _money(data["unit_amount"]),
            _money(data["amount"]),
            data["origin"],
            data["hs_code"],
        )


@dataclass(frozen=True, slots=True)
class Order:
    """What was ordered, line by line; lines are counted from 1."""

    lines: tuple[OrderLine, ...]
    total: Money

    @property
    def json(self) -> dict[str, Any]:
        """The order as it is stored and shown."""
        return {"lines": [line.json for line in self.lines], "total": self.total.json}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        lines = tuple(OrderLine.from_json(line) for line in data["lines"])
        return cls(lines, _money(data["total"]))


@dataclass(frozen=True, slots=True)
class ShippedLine:
    """How much of a line of the order was sent; what is None was not told."""

    line: int
    quantity: int | None = None
    weight_g: int | None = None

    @property
    def json(self) -> dict[str, Any]:
        """The line as it is stored and shown."""
        return {"line": self.line, "quantity": self.quantity, "weight_g": self.weight_g}


@dataclass(frozen=True, slots=True)
class Shipment:
    """What was sent, by whom. Without lines, all that was ordered; `weight_g` is of the whole."""

    carrier: str
    tracking_number: str
    shipped_at: datetime
    lines: tuple[ShippedLine, ...] = ()
    weight_g: int | None = None

    @property
    def json(self) -> dict[str, Any]:
        """The shipment as it is stored and shown."""
        return {
            "carrier": self.carrier,
            "tracking_number": self.tracking_number,
            "shipped_at": self.shipped_at.isoformat(),
            "lines": [line.json for line in self.lines],
            "weight_g": self.weight_g,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        lines = tuple(ShippedLine(**line) for line in data["lines"])
        shipped_at = datetime.fromisoformat(data["shipped_at"])
        return cls(data["carrier"], data["tracking_number"], shipped_at, lines, data["weight_g"])


@dataclass(frozen=True, slots=True)
class Delivery:
    """Proof that it arrived: who signed, or a document by its reference and SHA-256, or both."""

    delivered_at: datetime
    signed_by: str | None = None
    proof_reference: str | None = None
    proof_sha256: str | None = None

    @property
    def json(self) -> dict[str, Any]:
        """The proof as it is stored and shown."""
        proof = {"reference": self.proof_reference, "sha256": self.proof_sha256}
        return {
            "delivered_at": self.delivered_at.isoformat(),
            "signed_by": self.signed_by,
            "proof": None if self.proof_reference is None else proof,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        proof = data["proof"] or {"reference": None, "sha256": None}
        delivered_at = datetime.fromisoformat(data["delivered_at"])
        return cls(delivered_at, data["signed_by"], proof["reference"], proof["sha256"])


Document = Order | Shipment | Delivery


def check_order(order: Order) -> Order:
    """Return an order that adds up, its words tidied. Raises `Refused` with the line and field."""
    _count("lines", len(order.lines), MOST_LINES)
    lines = tuple(_checked_line(n, line) for n, line in enumerate(order.lines, 1))
    for n, line in enumerate(lines, 1):
        if line.amount.currency != order.total.currency:
            raise Refused(Code.ORDER_DOES_NOT_ADD_UP, line=n, expected=order.total.currency)
    total = sum(line.amount.minor for line in lines)
    if total > MAX_MINOR:
        raise Refused(Code.AMOUNT_TOO_LARGE, field="total")
    if total != order.total.minor:
        expected = Money(order.total.currency, total).text
        raise Refused(Code.ORDER_DOES_NOT_ADD_UP, field="total", expected=expected)
    return Order(lines, order.total)


def check_shipment(shipment: Shipment, now: datetime) -> Shipment:
    """Return a shipment with its words tidied. Raises `Refused`, naming the field."""
    _count("lines", len(shipment.lines) or None, MOST_LINES)  # none: all that was ordered
    carrier = words("carrier", shipment.carrier, LONGEST_NAME)
    if not _TRACKING.fullmatch(shipment.tracking_number):
        expected = f"3 to {LONGEST_TRACKING} letters, digits, spaces, and . / -"
        raise Refused(Code.FORMAT_ERROR, field="tracking_number", expected=expected)
    shipped_at = _past("shipped_at", shipment.shipped_at, now)
    for line in shipment.lines:
        _count("lines.line", line.line, MOST_LINES)
        _count("lines.quantity", line.quantity, MOST_PIECES)
        _count("lines.weight_g", line.weight_g, HEAVIEST_G)
    numbers = [line.line for line in shipment.lines]
    if len(set(numbers)) < len(numbers):
        raise Refused(Code.FORMAT_ERROR, field="lines", expected="each line once")
    _count("weight_g", shipment.weight_g, HEAVIEST_G)
    lines = tuple(sorted(shipment.lines, key=lambda line: line.line))
    return Shipment(carrier, shipment.tracking_number, shipped_at, lines, shipment.weight_g)


def check_delivery(delivery: Delivery, now: datetime) -> Delivery:
    """Return a proof with its words tidied. Raises `Refused`, naming the field."""
    delivered_at = _past("delivered_at", delivery.delivered_at, now)
    if (delivery.proof_reference is None) != (delivery.proof_sha256 is None):
        raise Refused(Code.FORMAT_ERROR, field="proof", expected="reference and sha256")
    signed_by, proof = delivery.signed_by, delivery.proof_reference
    if signed_by is None and proof is None:
        raise Refused(Code.FORMAT_ERROR, field="signed_by", expected="signed_by, or proof, or both")
    if delivery.proof_sha256 is not None and not _SHA256.fullmatch(delivery.proof_sha256):
        expected = "64 digits, 0 to 9 and a to f"
        raise Refused(Code.FORMAT_ERROR, field="proof.sha256", expected=expected)
    return Delivery(
        delivered_at,
        None if signed_by is None else words("signed_by", signed_by, LONGEST_NAME),
        None if proof is None else words("proof.reference", proof, LONGEST_DESCRIPTION),
        delivery.proof_sha256,
    )


def words(field: str, text: str, longest: int) -> str:
    """Return text with its spaces tidied. Raises `Refused`: empty, too long, unprintable."""
    tidy = unicodedata.normalize("NFC", text[: 4 * longest].strip(" "))
    if not tidy or len(tidy) > longest or len(text) > 4 * longest or not tidy.isprintable():
        expected = f"1 to {longest} printable characters"
        raise Refused(Code.FORMAT_ERROR, field=field, expected=expected)
    return tidy


def _checked_line(n: int, line: OrderLine) -> OrderLine:
    description = words(f"lines.{n}.description", line.description, LONGEST_DESCRIPTION)
    _count(f"lines.{n}.quantity", line.quantity, MOST_PIECES)
    if line.origin not in SUPPORTED_REGIONS:
        expected = "a country's two capital letters (ISO 3166-1)"
        raise Refused(Code.FORMAT_ERROR, field=f"lines.{n}.origin", expected=expected)
    if line.hs_code is not None and not _HS_CODE.fullmatch(line.hs_code):
        expected = "6, 8 or 10 digits"
        raise Refused(Code.FORMAT_ERROR, field=f"lines.{n}.hs_code", expected=expected)
    product = line.unit_amount.minor * line.quantity
    if line.unit_amount.currency != line.amount.currency or product > MAX_MINOR:
        raise Refused(Code.ORDER_DOES_NOT_ADD_UP, line=n)
    if product != line.amount.minor:
        expected = Money(line.amount.currency, product).text
        raise Refused(Code.ORDER_DOES_NOT_ADD_UP, line=n, expected=expected)
    amounts = (line.unit_amount, line.amount)
    return OrderLine(description, line.quantity, *amounts, line.origin, line.hs_code)


def _count(field: str, number: int | None, most: int) -> None:
    if number is not None and not 1 <= number <= most:
        raise Refused(Code.FORMAT_ERROR, field=field, expected=f"1 to {most}")


def _past(field: str, moment: datetime, now: datetime) -> datetime:
    """Return a moment as UTC says it."""
    if moment > now:
        raise Refused(Code.FORMAT_ERROR, field=field, expected=f"not after {now.isoformat()}")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:  # the edge of the calendar, seen from another zone
        raise Refused(
            Code.FORMAT_ERROR, field=field, expected="a moment of the calendar"
        ) from error


def _money(data: Mapping[str, str]) -> Money:
    return parse_amount(data["amount"], data["currency"])
