"""What a release costs: commission with its bounds, whatever the parts; reserve on what is left."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.facts import COMMISSIONS, NOW, a_holder, an_account, some_facts
from tests.wallet.merchants.pricings import a_pricing
from wallet.ledger.posting import NewAccount
from wallet.merchants.pricing import NewReserve, charges
from wallet.money import Money

MERCHANT, SETTLEMENT, RESERVE = 2, 12, 13
LATER, BEFORE = NOW + timedelta(seconds=1), NOW - timedelta(seconds=1)


def the_facts(**others):
    return some_facts([a_holder(MERCHANT)], settlement_and(**others), now=NOW)


def settlement_and(reserve=False):
    accounts = [an_account(SETTLEMENT, MERCHANT, 10**15, "settlement")]
    if reserve:
        accounts.append(an_account(RESERVE, MERCHANT, 0, "reserve"))
    return accounts


def taken(pricing, minor, *, before=0, taken_minor=0, currency="KES", facts=None):
    facts = facts or the_facts()
    settlement = facts.accounts[SETTLEMENT]
    settlement.currency = currency
    part = Money(currency, minor)
    return charges(pricing, settlement, before, part, facts, taken_minor=taken_minor)


def commission(pricing, minor, **rest):
    return taken(pricing, minor, **rest).commission.minor


def test_without_terms_nothing_is_taken():
    found = taken(None, 10_000)
    assert (found.total, found.postings, found.rows) == (Money("KES", 0), (), ())


@pytest.mark.rule(
    "Commission is a share of the payment, rounded half up, between a minimum and a maximum for "
    "all its parts together."
)
@pytest.mark.parametrize(
    ("minor", "expected"),
    [(10_000, 150), (33, 0), (34, 1), (99, 1), (100, 2), (1, 0)],
)
def test_commission_is_a_share_rounded_half_up(minor, expected):
    assert commission(a_pricing(commission_bps=150), minor) == expected


@pytest.mark.parametrize(
    ("minor", "expected"), [(10_000, 500), (50_000, 500), (50_001, 500), (50_100, 501)]
)
def test_a_payment_costs_at_least_the_minimum(minor, expected):
    assert commission(a_pricing(commission_bps=100, commission_min_minor=500), minor) == expected


@pytest.mark.parametrize(("minor", "expected"), [(19_900, 199), (20_000, 200), (90_000, 200)])
def test_a_payment_costs_at_most_the_maximum(minor, expected):
    assert commission(a_pricing(commission_bps=100, commission_max_minor=200), minor) == expected


def test_commission_is_never_more_than_what_is_released():
    assert commission(a_pricing(commission_min_minor=500), 300) == 300


def test_a_maximum_of_nothing_takes_nothing():
    assert commission(a_pricing(commission_bps=100, commission_max_minor=0), 10_000) == 0


@pytest.mark.rule(
    "Commission is a share of the payment, rounded half up, between a minimum and a maximum for "
    "all its parts together."
)
def test_the_minimum_is_taken_once_however_many_parts_there_are():
    terms = a_pricing(commission_bps=100, commission_min_minor=500)
    parts = [commission(terms, 10_000, before=10_000 * n, taken_minor=500) for n in range(1, 6)]
    assert commission(terms, 10_000) == 500
    assert parts == [0, 0, 0, 0, 100]  # from 500.00 on the share is more than the minimum


@pytest.mark.rule(
    "Commission is a share of the payment, rounded half up, between a minimum and a maximum for "
    "all its parts together."
)
def test_the_maximum_holds_for_all_parts_together():
    terms = a_pricing(commission_bps=100, commission_max_minor=150)
    assert commission(terms, 10_000) == 100
    assert commission(terms, 10_000, before=10_000, taken_minor=100) == 50
    assert commission(terms, 10_000, before=20_000, taken_minor=150) == 0


def test_bounds_are_of_the_terms_currency_and_another_owes_the_share_alone():
    terms = a_pricing(commission_bps=100, commission_min_minor=500, commission_max_minor=600)
    assert commission(terms, 1_000, currency="USD") == 10
    assert commission(terms, 1_000_000, currency="USD") == 10_000


@pytest.mark.parametrize(("paid_until", "expected"), [(LATER, 90), (NOW, 150), (BEFORE, 150)])
def test_the_lower_rate_holds_until_the_paid_month_is_over(paid_until, expected):
    terms = a_pricing(
        commission_bps=150, commission_bps_paid=90, monthly_fee_minor=1, paid_until=paid_until
    )
    assert commission(terms, 10_000) == expected


def test_a_month_paid_under_later_terms_lowers_nothing_of_earlier_ones():
    assert commission(a_pricing(commission_bps=150, paid_until=LATER), 10_000) == 150


def test_a_month_paid_between_two_parts_does_not_break_the_maximum():
    terms = a_pricing(
        commission_bps=200, commission_bps_paid=100, monthly_fee_minor=1, commission_max_minor=300
    )
    first = commission(terms, 15_000)
    paid = replace(terms, paid_until=LATER)
    assert (first, commission(paid, 15_000, before=15_000, taken_minor=first)) == (300, 0)


terms_ = st.builds(
    lambda bps, paid, least, most: a_pricing(
        commission_bps=bps, commission_bps_paid=min(paid, bps), monthly_fee_minor=1,
        commission_min_minor=least, commission_max_minor=None if most is None else least + most,
    ),
    st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 5_000),
    st.none() | st.integers(0, 5_000),
)  # fmt: skip
parts_ = st.lists(st.integers(1, 200_000), min_size=1, max_size=12)


def of_parts(rates, parts):
    """What each part costs, one after the other; `rates` are the terms at each."""
    facts, released = the_facts(), 0
    costs: list[int] = []
    for terms, part in zip(rates, parts, strict=True):
        cost = commission(terms, part, before=released, taken_minor=sum(costs), facts=facts)
        costs.append(cost)
        released += part
    return costs


@pytest.mark.rule("However a payment is released, its parts cost what the whole costs.")
@given(terms_, parts_)
def test_however_a_payment_is_released_its_parts_cost_what_the_whole_costs(terms, parts):
    costs = of_parts([terms] * len(parts), parts)
    assert sum(costs) == commission(terms, sum(parts))
    assert all(0 <= cost <= part for cost, part in zip(costs, parts, strict=True))


@given(terms_, st.lists(st.tuples(st.integers(1, 200_000), st.booleans()), min_size=1, max_size=12))
def test_the_bounds_of_a_payment_hold_whenever_the_month_was_paid(terms, steps):
    parts = [part for part, _ in steps]
    rates = [replace(terms, paid_until=LATER if paid else None) for _, paid in steps]
    costs = of_parts(rates, parts)
    assert all(0 <= cost <= part for cost, part in zip(costs, parts, strict=True))
    most = terms.commission_max_minor
    assert min(terms.commission_min_minor, sum(parts)) <= sum(costs)
    assert most is None or sum(costs) <= most


# Reserve -----------------------------------------------------------------------------------------


@pytest.mark.rule(
    "A share of what is left after commission is kept back for its days and then freed, once."
)
def test_a_share_of_what_is_left_after_commission_is_kept_back_for_its_days():
    terms = a_pricing(commission_bps=1_000, reserve_bps=500, reserve_days=30)
    found = taken(terms, 10_000)
    (kept,) = [row for row in found.rows if isinstance(row, NewReserve)]
    assert (found.commission.minor, kept.amount) == (1_000, Money("KES", 450))
    assert (kept.kept_at, kept.available_at) == (NOW, NOW + timedelta(days=30))


def test_a_share_kept_back_is_rounded_in_the_merchants_favour():
    terms = a_pricing(reserve_bps=999, reserve_days=1)
    assert taken(terms, 1_000).reserved.minor == 99


def test_all_that_commission_leaves_may_be_kept_back():
    terms = a_pricing(commission_bps=2_500, reserve_bps=10_000, reserve_days=1)
    assert taken(terms, 1_000).total.minor == 1_000


def test_the_first_reserve_opens_its_account_and_the_next_uses_it():
    terms = a_pricing(reserve_bps=1_000, reserve_days=1)
    kinds = [type(row) for row in taken(terms, 1_000).rows]
    again = [type(row) for row in taken(terms, 1_000, facts=the_facts(reserve=True)).rows]
    assert (kinds, again) == ([NewAccount, NewReserve], [NewReserve])


def test_commission_and_reserve_are_postings_of_their_own_taken_from_the_settlement_account():
    terms = a_pricing(commission_bps=100, reserve_bps=1_000, reserve_days=1)
    first, second = taken(terms, 10_000, facts=the_facts(reserve=True)).postings
    assert [(leg.account.id, leg.amount.minor) for leg in first.legs] == [
        (SETTLEMENT, -100), (COMMISSIONS, 100),
    ]  # fmt: skip
    assert [(leg.account.id, leg.amount.minor) for leg in second.legs] == [
        (SETTLEMENT, -990), (RESERVE, 990),
    ]  # fmt: skip
    assert (first.kind, second.kind) == ("commission", "reserve")
