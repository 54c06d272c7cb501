"""When merchants are paid out without asking, as rows. Hours are those of the merchant's clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from wallet.database import read
from wallet.ledger.rows import ReadRow, WrittenRow, selected, updated
from wallet.money import Money

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts

EVERY: Final = ("on_demand", "at_once", "daily", "weekly")


@selected("")
@dataclass(frozen=True, slots=True)
class Schedule:
    """One merchant's, in one currency. What is less than the minimum waits for the next time."""

    merchant_id: int
    currency: str
    every: str
    weekday: int | None
    hour: int | None
    minimum_minor: int
    next_at: datetime
    paused_at: datetime | None = None
    skipped_at: datetime | None = None
    skipped_why: str | None = None

    COLUMNS: ClassVar[str]

    @property
    def minimum(self) -> Money:
        return Money(self.currency, self.minimum_minor)

    @property
    def is_running(self) -> bool:
        return self.every != "on_demand" and self.paused_at is None

    @property
    def runs_at(self) -> datetime | None:
        """When it next pays out, where that is a time of day."""
        return self.next_at if self.hour is not None and self.is_running else None

    def due_after(self, now: datetime, zone: ZoneInfo) -> datetime:
        """Return the first time after `now` that it is due; one without hours is due at once."""
        return now if self.hour is None else next_time(self.weekday, self.hour, now, zone)


READ_SCHEDULES: Final = f"""
    SELECT {Schedule.COLUMNS} FROM payout_schedules WHERE merchant_id = :merchant ORDER BY currency
"""


def next_time(weekday: int | None, hour: int, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the first full `hour` after `now` by the clock in `zone`, on that weekday.

    An hour that the clock leaves out is the one that follows; of one it strikes twice, the first.
    """
    day = now.astimezone(zone).date()
    while True:
        at = datetime.combine(day, time(hour), zone).astimezone(now.tzinfo)
        if at > now and weekday in {None, day.isoweekday()}:
            return at
        day += timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Schedules(ReadRow):
    """All of a merchant's; `id` is the merchant's."""

    id: int
    items: tuple[Schedule, ...]

    # Nothing is locked: `MerchantLock`, which ranks before, is.
    LOCK: ClassVar[str] = """
        SELECT merchant_id, array_agg(currency ORDER BY currency),
               array_agg(every ORDER BY currency), array_agg(weekday ORDER BY currency),
               array_agg(hour ORDER BY currency), array_agg(minimum_minor ORDER BY currency),
               array_agg(next_at ORDER BY currency), array_agg(paused_at ORDER BY currency)
          FROM payout_schedules
         WHERE merchant_id = ANY(%(ids)s::bigint[])
         GROUP BY merchant_id
         ORDER BY merchant_id
    """
    RANK: ClassVar[int] = 130

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return the schedules of one row of LOCK."""
        return cls(row[0], tuple(Schedule(row[0], *each) for each in zip(*row[1:], strict=True)))

    def of(self, currency: str) -> Schedule | None:
        """Return the one in this currency."""
        return next((each for each in self.items if each.currency == currency), None)

    def with_schedule(self, changed: Schedule) -> Self:
        """Return them with one set anew."""
        others = tuple(each for each in self.items if each.currency != changed.currency)
        return replace(self, items=(*others, changed))


@dataclass(frozen=True, slots=True)
class ScheduleSet:
    """A merchant sets a schedule, which ends a pause."""

    WRITE: ClassVar[str] = """
        INSERT INTO payout_schedules (merchant_id, currency, every, weekday, hour, minimum_minor,
                                      next_at, set_at)
        SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::smallint[], %s::smallint[],
                             %s::bigint[], %s::timestamptz[], %s::timestamptz[])
            ON CONFLICT (merchant_id, currency) DO UPDATE
           SET every = excluded.every, weekday = excluded.weekday, hour = excluded.hour,
               minimum_minor = excluded.minimum_minor, next_at = excluded.next_at,
               set_at = excluded.set_at, paused_at = NULL, skipped_at = NULL, skipped_why = NULL
    """
    RANK: ClassVar[int] = 4

    schedule: Schedule
    set_at: datetime

    @property
    def identity(self) -> tuple[int, str]:
        return (self.schedule.merchant_id, self.schedule.currency)

    def values(self) -> tuple[Any, ...]:
        each = self.schedule
        when = (each.every, each.weekday, each.hour, each.minimum_minor)
        return (*self.identity, *when, each.next_at, self.set_at)

    def apply(self, facts: Facts) -> None:
        _apply(self.schedule, facts)


@updated("payout_schedules", "next_at, skipped_at, skipped_why", key="merchant_id, currency")
@dataclass(frozen=True, slots=True)
class ScheduleMoved(WrittenRow):
    """A schedule's time has come, and what came of it."""

    RANK: ClassVar[int] = 5

    schedule: Schedule

    def apply(self, facts: Facts) -> None:
        _apply(self.schedule, facts)


def _apply(schedule: Schedule, facts: Facts) -> None:
    found = facts.record(Schedules, schedule.merchant_id) or Schedules(schedule.merchant_id, ())
    facts.add_record(found.with_schedule(schedule))


def schedules_of(engine: Engine, merchant_id: int) -> tuple[Schedule, ...]:
    """Return a merchant's schedules, by currency."""
    return tuple(Schedule(*row) for row in read(engine, READ_SCHEDULES, merchant=merchant_id))
