"""Order, payment and shipment are compared; each difference is flagged with both its sides."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.facts import NOW
from tests.wallet.trade.documents import a_delivery, a_line, a_shipment, an_order, kes
from wallet.trade.documents import ShippedLine
from wallet.trade.matching import Mismatch, Payment, matching

PAID = Payment(kes(25_000), NOW - timedelta(days=1))


def codes(order=an_order(), payment=PAID, shipment=a_shipment(), delivery=None):  # noqa: B008 -- never changed
    return [each.code.value for each in matching(order, payment, shipment, delivery)]


def test_what_tells_the_same_has_no_findings():
    assert codes(delivery=a_delivery()) == []


@pytest.mark.parametrize("minor", [24_999, 25_001])
def test_an_amount_that_differs_is_flagged(minor):
    (found,) = matching(an_order(), replace(PAID, amount=kes(minor)), None)
    assert (found.code, found.facts["expected"]) == (Mismatch.AMOUNT_DIFFERS, "250.00")


def test_another_currency_is_flagged_and_amounts_are_then_not_compared():
    assert codes(payment=replace(PAID, amount=kes(1, "USD"))) == ["currency_differs"]


def test_a_line_that_was_not_sent_is_flagged():
    order = an_order(a_line(), a_line(1, 1, 1))
    (found,) = matching(order, replace(PAID, amount=order.total), a_shipment())
    assert found.json == {
        "code": "line_missing", "line": 2, "expected": "1", "found": None,
    }  # fmt: skip


@pytest.mark.parametrize("quantity", [9, 11])
def test_a_quantity_that_differs_is_flagged(quantity):
    shipment = a_shipment(lines=(ShippedLine(1, quantity),))
    (found,) = matching(an_order(), PAID, shipment)
    assert found.json == {
        "code": "quantity_differs", "line": 1, "expected": "10", "found": str(quantity),
    }  # fmt: skip


def test_a_line_that_was_not_ordered_is_flagged():
    shipment = a_shipment(lines=(ShippedLine(1, 10), ShippedLine(2, 1)))
    assert codes(shipment=shipment) == ["line_unexpected"]


def test_a_line_or_a_shipment_that_tells_no_quantities_is_not_compared():
    assert codes(shipment=a_shipment(lines=(ShippedLine(1),))) == []
    assert codes(shipment=a_shipment(lines=())) == []


def test_goods_sent_before_they_were_paid_are_flagged():
    exactly = a_shipment(shipped_at=PAID.paid_at)
    assert codes(shipment=exactly) == []
    before = a_shipment(shipped_at=PAID.paid_at - timedelta(microseconds=1))
    assert codes(shipment=before) == ["shipped_before_paid"]


def test_goods_that_arrived_before_they_were_sent_are_flagged():
    early = a_delivery(delivered_at=NOW - timedelta(seconds=1))
    assert codes(delivery=early) == ["delivered_before_shipped"]


def test_a_whole_lighter_than_its_parts_is_flagged():
    assert codes(shipment=a_shipment(weight_g=4_500)) == []
    assert codes(shipment=a_shipment(weight_g=4_499)) == ["weight_differs"]


def test_what_is_not_there_yet_is_not_compared():
    assert codes(order=None) == []
    assert codes(shipment=None) == []
    assert codes(order=None, shipment=None) == []


@pytest.mark.rule(
    "Order, shipment and payment are matched, and what differs is flagged without being refused."
)
def test_all_that_differs_is_told_in_a_fixed_order():
    shipment = a_shipment(
        shipped_at=PAID.paid_at - timedelta(days=1),
        lines=(ShippedLine(1, 9, 9_000), ShippedLine(3, 1)),
    )
    order = an_order(a_line(), a_line())
    delivery = a_delivery(delivered_at=shipment.shipped_at - timedelta(days=1))
    assert codes(order, PAID, shipment, delivery) == [
        "amount_differs", "shipped_before_paid", "line_missing", "line_unexpected",
        "quantity_differs", "weight_differs", "delivered_before_shipped",
    ]  # fmt: skip
