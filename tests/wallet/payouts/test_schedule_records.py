"""When a schedule is next due: a full hour of the merchant's own clock."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from wallet.payouts.schedule_records import next_time

NAIROBI, BERLIN = ZoneInfo("Africa/Nairobi"), ZoneInfo("Europe/Berlin")
MONDAY_NOON = datetime(2026, 1, 5, 9, tzinfo=UTC)  # in Nairobi


def utc(*parts):
    return datetime(*parts).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("weekday", "hour", "expected"),
    [
        (None, 13, utc(2026, 1, 5, 10)),
        (None, 12, utc(2026, 1, 6, 9)),  # at exactly the hour, the next is tomorrow's
        (None, 0, utc(2026, 1, 5, 21)),
        (1, 13, utc(2026, 1, 5, 10)),
        (1, 12, utc(2026, 1, 12, 9)),
        (7, 23, utc(2026, 1, 11, 20)),
    ],
)
def test_the_next_time_comes_after_now(weekday, hour, expected):
    assert next_time(weekday, hour, MONDAY_NOON, NAIROBI) == expected


def test_an_hour_that_the_clock_leaves_out_is_the_one_that_follows():
    night = utc(2026, 3, 28, 20)  # at 2:00 on the 29th, Berlin's clock goes to 3:00
    assert next_time(None, 2, night, BERLIN) == utc(2026, 3, 29, 1)
    assert next_time(None, 2, utc(2026, 3, 29, 1), BERLIN) == utc(2026, 3, 30, 0)


def test_an_hour_that_the_clock_strikes_twice_counts_once():
    night = utc(2026, 10, 24, 20)
    first = next_time(None, 2, night, BERLIN)
    assert first == utc(2026, 10, 25, 0)
    assert next_time(None, 2, first, BERLIN) == utc(2026, 10, 26, 1)
