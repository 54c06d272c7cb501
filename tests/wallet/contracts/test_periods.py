"""Periods: days of the calendar where the payee lives, also across a change of the clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet.contracts.periods import DAY_S, check_days, deadline, latest
from wallet.errors import Code, Refused
from wallet.markets import MARKETS

BERLIN = ZoneInfo("Europe/Berlin")  # on 29 March 2026 02:00 is 03:00; on 25 October 03:00 is 02:00
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # changes by half an hour


def at(zone, *parts):
    return datetime(*parts).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize("zone", [market.zone for market in MARKETS.values()])
def test_where_the_clocks_never_change_a_day_is_a_day(zone):
    opened = datetime(2026, 3, 28, 23, 59, 59, 999999, tzinfo=UTC)
    assert deadline(opened, 3 * DAY_S + 60, zone) == opened + timedelta(days=3, seconds=60)


@pytest.mark.parametrize(
    ("opened", "ends", "hours"),
    [
        ((2026, 3, 28, 12), (2026, 3, 29, 12), 23),
        ((2026, 10, 24, 12), (2026, 10, 25, 12), 25),
        ((2026, 3, 28, 1, 59), (2026, 3, 29, 1, 59), 24),
        ((2026, 3, 28, 3), (2026, 3, 29, 3), 23),
    ],
)
def test_the_same_time_of_the_clock_ends_a_day_however_long_it_was(opened, ends, hours):
    start = at(BERLIN, *opened)
    end = deadline(start, DAY_S, BERLIN)
    assert end == at(BERLIN, *ends)
    assert end - start == timedelta(hours=hours)


@pytest.mark.fault("A period across a change of the clocks", "the same time of the clock")
def test_a_time_that_the_clock_skips_is_as_long_after_the_change():
    end = deadline(at(BERLIN, 2026, 3, 28, 2, 30), DAY_S, BERLIN)
    assert end.astimezone(BERLIN).strftime("%d %H:%M %Z") == "29 03:30 CEST"


@pytest.mark.fault("A period across a change of the clocks", "the same time of the clock")
def test_a_time_that_comes_twice_is_the_first():
    end = deadline(at(BERLIN, 2026, 10, 24, 2, 30), DAY_S, BERLIN)
    assert end.astimezone(BERLIN).strftime("%d %H:%M %Z") == "25 02:30 CEST"


def test_what_was_opened_in_the_second_of_two_hours_ends_at_the_same_time_of_the_clock():
    first = at(BERLIN, 2026, 10, 25, 2, 30)
    second = first + timedelta(hours=1)  # 02:30 again
    assert deadline(second, DAY_S, BERLIN) == at(BERLIN, 2026, 10, 26, 2, 30)
    assert deadline(second, 30, BERLIN) == second + timedelta(seconds=30)


def test_less_than_a_day_is_counted_as_it_passes():
    opened = at(BERLIN, 2026, 3, 29, 1, 30)
    assert deadline(opened, 3600, BERLIN) == opened + timedelta(hours=1)
    assert deadline(opened, DAY_S + 3600, BERLIN) == at(BERLIN, 2026, 3, 30, 2, 30)


def test_a_change_of_half_an_hour_is_followed_too():
    opened = at(LORD_HOWE, 2026, 4, 4, 12)
    end = deadline(opened, DAY_S, LORD_HOWE)
    assert end - opened == timedelta(hours=24, minutes=30)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    st.integers(1, 90 * DAY_S),
    st.sampled_from([BERLIN, LORD_HOWE, ZoneInfo("America/St_Johns")]),
)
def test_a_period_is_never_off_by_more_than_the_clocks_were(opened, period_s, zone):
    end = deadline(opened, period_s, zone)
    assert end.utcoffset() == timedelta(0)
    assert end > opened
    assert abs(end - opened - timedelta(seconds=period_s)) <= timedelta(hours=1)
    assert end - opened < timedelta(days=91)  # what the database allows


def test_nothing_is_no_time_at_all():
    opened = at(BERLIN, 2026, 10, 25, 2, 30) + timedelta(hours=1)
    assert deadline(opened, 0, BERLIN) == opened


@pytest.mark.rule("A period is none to ninety days.")
@pytest.mark.fault("A period out of range", "`period_out_of_range`")
@pytest.mark.parametrize(("days", "least"), [(-1, 0), (91, 0), (0, 1), (10**9, 0)])
def test_days_out_of_range_are_refused_with_what_is_in_it(days, least):
    with pytest.raises(Refused) as caught:
        check_days(days, least)
    assert caught.value.code is Code.PERIOD_OUT_OF_RANGE
    assert caught.value.facts == {"minimum_days": least, "maximum_days": 90}


@pytest.mark.rule("A period is none to ninety days.")
def test_none_to_ninety_days_may_be_agreed():
    assert (check_days(0), check_days(1, 1), check_days(90)) == (0, 86_400, 90 * 86_400)


def test_the_latest_deadline_is_ninety_days_of_the_calendar_on():
    assert latest(at(BERLIN, 2026, 1, 5, 12), BERLIN) == at(BERLIN, 2026, 4, 5, 12)
