"""Time and chance, passed in as arguments so that tests can move and repeat them."""

from __future__ import annotations

import secrets
import threading
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from wallet.pasted import plain

EPOCH: Final = datetime(2025, 1, 1, tzinfo=UTC)
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford base32: no I, L, O, U
_VALUES: Final = {letter: value for value, letter in enumerate(_ALPHABET)}
_PAIRS: Final = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_LENGTH: Final = 12
_MS: Final = timedelta(milliseconds=1)


class Clock(Protocol):
    """Where `now` comes from."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)


class FakeClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the instant the test has set."""
        return self._now

    def advance(self, seconds: int = 0, **parts: int) -> datetime:
        """Move forward by `seconds` and by any `timedelta` parts; return the new instant."""
        self._now += timedelta(seconds=seconds, **parts)
        return self._now

    def set(self, now: datetime) -> None:
        """Jump to `now`."""
        self._now = now


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant, in UTC, at which a local day begins.

    Where the clocks skip midnight, that is the first instant after the skip; where they show it
    twice, the first time.
    """
    return datetime.combine(day, time(), zone).astimezone(UTC)


def start_of_next_day(now: datetime, zone: ZoneInfo) -> datetime:
    """Return when the local day after `now` begins."""
    return start_of_day(now.astimezone(zone).date() + timedelta(days=1), zone)


def start_of_next_month(now: datetime, zone: ZoneInfo) -> datetime:
    """Return when the local month after `now` begins."""
    late = now.astimezone(zone).date().replace(day=28) + timedelta(days=4)
    return start_of_day(late.replace(day=1), zone)


class Ids:
    """Makes 60-bit ids in rising order: 40 bits of milliseconds since 2025, 20 of chance.

    They need no shared counter, so any number of processes and databases may make them. Two
    processes may, rarely, make the same id in the same millisecond: a primary key refuses the
    second, and the poster tries again with new ids.
    """

    def __init__(self, chance: secrets.SystemRandom | None = None) -> None:
        self._chance = chance or secrets.SystemRandom()
        self._last = 0
        self._lock = threading.Lock()

    def next(self, now: datetime) -> int:
        """Return an id greater than any this object has returned."""
        return self.block(now, 1)

    def block(self, now: datetime, count: int) -> int:
        """Return the first of `count` ids in a row, all greater than any returned before."""
        with self._lock:
            floor = ((now - EPOCH) // _MS) << 20
            first = self._last + 1 if self._last >= floor else floor | self._chance.getrandbits(20)
            self._last = first + count - 1
            return first


def reference(id_: int) -> str:
    """Return an id as people read it: 12 letters and digits, in the same order as the ids."""
    return (
        _PAIRS[id_ >> 50]
        + _PAIRS[id_ >> 40 & 1023]
        + _PAIRS[id_ >> 30 & 1023]
        + _PAIRS[id_ >> 20 & 1023]
        + _PAIRS[id_ >> 10 & 1023]
        + _PAIRS[id_ & 1023]
    )


def id_of(text: str) -> int | None:
    """Return the id that `reference` made `text` from, or None where it made no such text."""
    letters = plain(text).upper()
    if len(letters) != _LENGTH:
        return None
    value = 0
    for letter in letters:
        digit = _VALUES.get(letter)
        if digit is None:
            return None
        value = value << 5 | digit
    return value
