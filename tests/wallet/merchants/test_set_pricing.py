"""Pricing a merchant: refusals in the order of `Code`, versions that leave older ones alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.facts import (
    KEY,
    NOW,
    Fault,
    a_holder,
    an_account,
    code_of,
    in_code_order,
    refusal,
    some_facts,
)
from tests.wallet.merchants.pricings import a_pricing
from wallet.clock import reference
from wallet.errors import Code
from wallet.merchants.pricing_records import MerchantPriced, NewPricing, PricedMerchant
from wallet.merchants.set_pricing import Command, decide, shown_bps
from wallet.service import text_body

OPERATOR, MERCHANT = 9, 2
NEXT_MONTH = datetime(2026, 1, 31, 21, tzinfo=UTC)  # midnight in Nairobi


def a_command(**terms):
    return Command(terms.pop("actor", OPERATOR), KEY, MERCHANT, terms.pop("currency", "KES"),
                   **{"commission_bps": 150} | terms)  # fmt: skip


def the_facts(*, merchant=None, known=True, settlement="KES", due_at=None, paid_until=None):
    records = [PricedMerchant(MERCHANT, due_at, paid_until, None)] if known else []
    account = an_account(12, MERCHANT, 0, "settlement", settlement)
    return some_facts([a_holder(MERCHANT, **merchant or {})], [account], records=records)


def decided(facts=None, **terms):
    decision = decide(a_command(**terms), facts or the_facts())
    rows: dict[type, Any] = {type(row): row for row in decision.rows}
    return decision, rows[NewPricing].pricing, rows[MerchantPriced]


FAULTS: list[Fault] = [
    (Code.FORMAT_ERROR, {"commission_bps": 10_001}),
    (Code.NOT_FOUND, {"known": False}),
    (Code.OWN_TRANSACTION, {"actor": MERCHANT}),
    (Code.RECEIVER_CLOSED, {"merchant": {"status": "closed"}}),
    (Code.NO_WALLET_IN_CURRENCY, {"settlement": "USD"}),
]


def a_priced(commission_bps=150, actor=OPERATOR):
    return a_command(commission_bps=commission_bps, actor=actor)


@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_pricing_is_refused_in_code_order(wrong, code):
    assert code_of(decide, a_priced, the_facts, wrong) is code


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"commission_bps": -1}, "commission_bps"),
        ({"commission_bps": 10_001}, "commission_bps"),
        ({"commission_min_minor": 500, "commission_max_minor": 499}, "commission_max"),
        ({"reserve_bps": 10_001, "reserve_days": 1}, "reserve_bps"),
        ({"reserve_bps": 100, "reserve_days": 366}, "reserve_days"),
        ({"reserve_bps": 100}, "reserve_days"),
        ({"reserve_days": 30}, "reserve_days"),
        ({"monthly_fee_minor": 100}, "commission_bps_paid"),
        ({"commission_bps_paid": 100}, "commission_bps_paid"),
        ({"monthly_fee_minor": 100, "commission_bps_paid": 151}, "commission_bps_paid"),
        ({"after_delivery_s": 90 * 86_400 + 1}, "after_delivery_s"),
        ({"after_delivery_s": 3_599}, "after_delivery_s"),  # no time to look and to dispute
    ],
)
def test_terms_that_no_merchant_can_have_name_their_field(terms, field):
    refused = refusal(decide, a_command(**terms), the_facts())
    assert (refused.code, refused.facts["field"]) == (Code.FORMAT_ERROR, field)


@pytest.mark.parametrize(
    "terms",
    [
        {"commission_bps": 0},
        {"commission_bps": 10_000, "commission_min_minor": 5, "commission_max_minor": 5},
        {"reserve_bps": 10_000, "reserve_days": 365},
        {"monthly_fee_minor": 1, "commission_bps_paid": 150},
        {"after_delivery_s": 3_600},
        {"after_delivery_s": 90 * 86_400},
    ],
)
def test_terms_at_their_very_bounds_are_taken(terms):
    assert decided(**terms)[0].posting.kind == "price_merchant"


def test_new_terms_are_a_version_of_their_own_and_in_force():
    facts = the_facts()
    decision, pricing, priced = decided(facts, commission_min_minor=500)
    assert (pricing.id, priced.pricing.id) == (facts.id, facts.id)
    assert decision.answer["commission_min"] == {"amount": "5.00", "currency": "KES"}
    assert decision.answer["merchant"]["reference"] == reference(MERCHANT)


def test_the_monthly_fee_is_first_due_when_the_merchants_next_month_begins():
    assert decided(monthly_fee_minor=100, commission_bps_paid=1)[2].due_at == NEXT_MONTH


def test_a_month_that_is_due_or_paid_stays_so_under_new_terms():
    due_at = NOW - timedelta(days=1)
    facts = the_facts(due_at=due_at)
    assert decided(facts, monthly_fee_minor=100, commission_bps_paid=1)[2].due_at == due_at


def test_terms_without_a_monthly_fee_are_never_due():
    assert decided(the_facts(due_at=NOW))[2].due_at is None


def test_the_merchant_is_told_their_new_rate():
    (told,) = decided(commission_bps=125)[0].texts
    assert "the commission is 1.25%" in text_body(told)


@pytest.mark.parametrize(
    ("bps", "shown"), [(0, "0.00%"), (5, "0.05%"), (125, "1.25%"), (10_000, "100.00%")]
)
def test_basis_points_are_told_as_a_percentage(bps, shown):
    assert shown_bps(bps) == shown


def test_a_later_command_of_the_batch_sees_the_new_terms():
    facts = the_facts()
    *_, priced = decided(facts)
    priced.apply(facts)
    found = facts.record(PricedMerchant, MERCHANT)
    assert found == replace(priced.merchant, pricing=priced.pricing, due_at=None)
    assert a_pricing().id != found.pricing.id
