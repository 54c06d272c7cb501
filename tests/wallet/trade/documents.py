"""Trade documents that add up and tell the same, for tests to change."""

from dataclasses import replace

from tests.facts import NOW
from wallet.money import Money
from wallet.trade.documents import Delivery, Order, OrderLine, Shipment, ShippedLine

SHA256 = "0123456789abcdef" * 4


def kes(minor, currency="KES"):
    return Money(currency, minor)


def a_line(quantity=10, unit=2_500, amount=25_000, **changes):
    line = OrderLine("Sisal basket", quantity, kes(unit), kes(amount), "KE", "460219")
    return replace(line, **changes)


def an_order(*lines, total=None):
    lines = lines or (a_line(),)
    return Order(lines, kes(sum(line.amount.minor for line in lines)) if total is None else total)


def a_shipment(**changes):
    lines = (ShippedLine(1, 10, 4_500),)
    return replace(Shipment("G4S", "RR123456789KE", NOW, lines, 5_000), **changes)


def a_delivery(**changes):
    return replace(Delivery(NOW, "Amina Odhiambo", "POD-17.pdf", SHA256), **changes)
