"""Limits run by the holder's own calendar, and never lose what was used."""

from datetime import UTC, date, datetime

import pytest

from tests.facts import a_holder, an_account, some_facts
from wallet.errors import Code, Refused
from wallet.money import Money
from wallet.people.limits import Usage, check_in, check_out

HOLDER = 1
DAILY, MONTHLY = 50_000_000, 500_000_000
A_CENT_MORE = Money("KES", 1_000)
NAIROBI_MIDNIGHT = datetime(2026, 1, 31, 21, tzinfo=UTC)
"""The first moment of February in Kenya; in London it is January for three more hours."""


def spent(used: Usage, now: datetime) -> Usage:
    """The usage after KES 10.00 more."""
    facts = some_facts([a_holder(HOLDER)], usages=[used], now=now)
    return check_out(facts, facts.holders[HOLDER], A_CENT_MORE)


def test_a_day_begins_at_the_holders_midnight():
    used = Usage(HOLDER, "KES", date(2026, 1, 14), DAILY, DAILY)
    after = spent(used, datetime(2026, 1, 14, 21, tzinfo=UTC))
    assert (after.day, after.day_out_minor, after.month_out_minor) == (
        date(2026, 1, 15), 1_000, DAILY + 1_000,
    )  # fmt: skip


def test_one_second_before_midnight_the_day_still_counts():
    used = Usage(HOLDER, "KES", date(2026, 1, 14), DAILY, DAILY)
    with pytest.raises(Refused) as caught:
        spent(used, datetime(2026, 1, 14, 20, 59, 59, tzinfo=UTC))
    assert caught.value.code is Code.DAILY_VALUE_LIMIT_EXCEEDED


def test_a_month_begins_at_the_holders_midnight():
    used = Usage(HOLDER, "KES", date(2026, 1, 31), DAILY, MONTHLY)
    after = spent(used, NAIROBI_MIDNIGHT)
    assert (after.day, after.month_out_minor) == (date(2026, 2, 1), 1_000)


def test_the_same_month_of_another_year_is_another_month():
    used = Usage(HOLDER, "KES", date(2025, 2, 1), DAILY, MONTHLY)
    assert spent(used, NAIROBI_MIDNIGHT).month_out_minor == 1_000


@pytest.mark.parametrize("last", [date(2026, 2, 1), date(2026, 2, 2)])
def test_a_clock_that_lags_behind_forgets_nothing(last):
    """Another process, or a batch that waited for its locks, may have counted the next day."""
    used = Usage(HOLDER, "KES", last, 7_000, 9_000)
    after = spent(used, datetime(2026, 1, 31, 20, 59, 59, tzinfo=UTC))
    assert (after.day, after.day_out_minor, after.month_out_minor) == (last, 8_000, 10_000)


def test_what_comes_in_and_what_goes_out_are_counted_apart():
    facts = some_facts([a_holder(HOLDER, market="PH")])
    holder, wallet = facts.holders[HOLDER], an_account(11, HOLDER, currency="PHP")
    (received,) = check_in(facts, holder, wallet, Money("PHP", 5_000))
    received.apply(facts)
    used = check_out(facts, holder, Money("PHP", 2_000))
    assert (used.month_in_minor, used.month_out_minor) == (5_000, 2_000)


def test_where_nothing_limits_what_comes_in_nothing_is_counted():
    facts = some_facts([a_holder(HOLDER)])
    wallet = an_account(11, HOLDER)
    assert check_in(facts, facts.holders[HOLDER], wallet, Money("KES", 5_000)) == ()


def test_a_currency_without_wallets_in_the_market_is_refused():
    facts = some_facts([a_holder(HOLDER)])
    with pytest.raises(Refused) as caught:
        check_out(facts, facts.holders[HOLDER], Money("THB", 5_000))
    assert caught.value.code is Code.CURRENCY_NOT_SUPPORTED


def test_limits_are_not_checked_for_a_command_that_did_not_ask_what_is_used():
    facts = some_facts([a_holder(HOLDER)])
    facts.of_holders = set()
    with pytest.raises(AssertionError):
        check_out(facts, facts.holders[HOLDER], A_CENT_MORE)
