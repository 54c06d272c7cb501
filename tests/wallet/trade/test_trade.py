"""Each trade document by itself: it adds up, it is in the past, its words can be shown."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from tests.facts import NOW
from tests.wallet.trade.documents import SHA256, a_delivery, a_line, a_shipment, an_order, kes
from wallet.errors import Code, Refused
from wallet.money import MAX_MINOR
from wallet.trade.documents import Order, ShippedLine, check_delivery, check_order, check_shipment

BEFORE_ALL = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=23)))
"""A moment of a year that UTC has not."""


def refusal_of(check, *args):
    with pytest.raises(Refused) as caught:
        check(*args)
    return caught.value


def test_an_order_that_adds_up_is_taken_as_it_is():
    order = an_order(a_line(), a_line(1, 1, 1, hs_code=None))
    assert check_order(order) == order


@pytest.mark.rule("An order adds up line by line or is refused.")
@pytest.mark.parametrize(
    ("order", "facts"),
    [
        (an_order(a_line(amount=24_999)), {"line": 1, "expected": "250.00"}),
        (an_order(a_line(), a_line(quantity=11)), {"line": 2, "expected": "275.00"}),
        (an_order(total=kes(25_001)), {"field": "total", "expected": "250.00"}),
        (an_order(total=kes(24_999)), {"field": "total", "expected": "250.00"}),
        (an_order(total=kes(25_000, "USD")), {"line": 1, "expected": "USD"}),
        (an_order(a_line(unit_amount=kes(2_500, "USD"))), {"line": 1}),
    ],
)
def test_an_order_that_does_not_add_up_is_refused_and_told_where(order, facts):
    refused = refusal_of(check_order, order)
    assert (refused.code, refused.facts) == (Code.ORDER_DOES_NOT_ADD_UP, facts)


def test_a_total_beyond_any_amount_is_refused():
    line = a_line(1, MAX_MINOR, MAX_MINOR)
    refused = refusal_of(check_order, an_order(line, line))
    assert refused.code is Code.AMOUNT_TOO_LARGE


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"description": ""}, "lines.1.description"),
        ({"description": "  "}, "lines.1.description"),
        ({"description": "x" * 121}, "lines.1.description"),
        ({"description": "basket\n"}, "lines.1.description"),
        ({"description": "\u202etaksab"}, "lines.1.description"),
        ({"quantity": 0}, "lines.1.quantity"),
        ({"quantity": -1}, "lines.1.quantity"),
        ({"quantity": 1_000_001}, "lines.1.quantity"),
        ({"origin": "ke"}, "lines.1.origin"),
        ({"origin": "XX"}, "lines.1.origin"),
        ({"origin": "KEN"}, "lines.1.origin"),
        ({"hs_code": "46021"}, "lines.1.hs_code"),
        ({"hs_code": "4602191"}, "lines.1.hs_code"),
        ({"hs_code": "46.02.19"}, "lines.1.hs_code"),
    ],
)
def test_a_line_s_bad_field_is_named(changes, field):
    refused = refusal_of(check_order, an_order(replace(a_line(), **changes)))
    assert (refused.code, refused.facts["field"]) == (Code.FORMAT_ERROR, field)


def test_an_order_has_one_to_a_hundred_lines():
    check_order(an_order(*[a_line()] * 100))
    for lines in ((), (a_line(),) * 101):
        refused = refusal_of(check_order, Order(lines, kes(25_000 * len(lines))))
        assert refused.facts["field"] == "lines"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"carrier": ""}, "carrier"),
        ({"carrier": "x" * 61}, "carrier"),
        ({"tracking_number": "R"}, "tracking_number"),
        ({"tracking_number": "RR 1\n"}, "tracking_number"),
        ({"tracking_number": "x" * 41}, "tracking_number"),
        ({"shipped_at": NOW + timedelta(microseconds=1)}, "shipped_at"),
        ({"shipped_at": BEFORE_ALL}, "shipped_at"),
        ({"lines": (ShippedLine(0),)}, "lines.line"),
        ({"lines": (ShippedLine(1, 0),)}, "lines.quantity"),
        ({"lines": (ShippedLine(1, 1, 0),)}, "lines.weight_g"),
        ({"lines": (ShippedLine(1), ShippedLine(1))}, "lines"),
        ({"lines": tuple(ShippedLine(n) for n in range(1, 102))}, "lines"),
        ({"weight_g": 0}, "weight_g"),
    ],
)
def test_a_shipment_s_bad_field_is_named(changes, field):
    refused = refusal_of(check_shipment, a_shipment(**changes), NOW)
    assert (refused.code, refused.facts["field"]) == (Code.FORMAT_ERROR, field)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"delivered_at": NOW + timedelta(microseconds=1)}, "delivered_at"),
        ({"delivered_at": BEFORE_ALL}, "delivered_at"),
        ({"proof_sha256": None}, "proof"),
        ({"proof_reference": None}, "proof"),
        ({"proof_sha256": SHA256.upper()}, "proof.sha256"),
        ({"proof_sha256": SHA256[1:]}, "proof.sha256"),
        ({"proof_reference": " "}, "proof.reference"),
        ({"signed_by": ""}, "signed_by"),
        ({"signed_by": None, "proof_reference": None, "proof_sha256": None}, "signed_by"),
    ],
)
def test_a_delivery_s_bad_field_is_named(changes, field):
    refused = refusal_of(check_delivery, a_delivery(**changes), NOW)
    assert (refused.code, refused.facts["field"]) == (Code.FORMAT_ERROR, field)


@pytest.mark.parametrize(
    "changes", [{"signed_by": None}, {"proof_reference": None, "proof_sha256": None}]
)
def test_a_signature_or_a_document_is_proof_enough(changes):
    assert check_delivery(a_delivery(**changes), NOW) == a_delivery(**changes)


def test_times_are_kept_in_utc():
    there = NOW.astimezone(timezone(timedelta(hours=8)))
    assert check_shipment(a_shipment(shipped_at=there), NOW).json["shipped_at"] == NOW.isoformat()
    assert check_delivery(a_delivery(delivered_at=there), NOW).delivered_at.utcoffset() == (
        timedelta(0)
    )


@pytest.mark.parametrize(
    "document",
    [
        an_order(a_line(), a_line(hs_code=None)),
        a_shipment(),
        a_shipment(lines=(), weight_g=None),
        a_delivery(),
        a_delivery(proof_reference=None, proof_sha256=None),
    ],
)
def test_what_is_stored_is_read_back_as_it_was(document):
    assert type(document).from_json(document.json) == document
