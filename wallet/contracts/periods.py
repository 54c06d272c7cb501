"""Periods: when something that lasts so long is over, where the payee lives.

Whole days are days of the local calendar, so that "7 days" from noon ends at noon, also where the
clocks were changed in between. What is left below a day is counted in seconds as they pass.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from wallet.errors import Code, Refused

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

DAY_S: Final = 86_400
LONGEST_DAYS: Final = 90


def deadline(opened_at: datetime, period_s: int, zone: ZoneInfo) -> datetime:
    """Return when a period from `opened_at` is over, in UTC.

    As in RFC 5545: where the clocks are put back and the hour comes twice, it is the first; where
    they are put forward over it, it is as long after the change as the hour is after it.
    """
    assert period_s >= 0, period_s
    days, seconds = divmod(period_s, DAY_S)
    if days:
        local = opened_at.astimezone(zone) + timedelta(days=days)  # the same time of the clock
        opened_at = local.replace(fold=0).astimezone(UTC)
    return opened_at + timedelta(seconds=seconds)


def check_days(days: int, least: int = 0) -> int:
    """Return an agreed number of days, in seconds. Raises `Refused` where it is out of range."""
    if not least <= days <= LONGEST_DAYS:
        raise Refused(Code.PERIOD_OUT_OF_RANGE, minimum_days=least, maximum_days=LONGEST_DAYS)
    return days * DAY_S


def latest(opened_at: datetime, zone: ZoneInfo) -> datetime:
    """Return the last moment that a contract's deadline may be put off to."""
    return deadline(opened_at, LONGEST_DAYS * DAY_S, zone)
