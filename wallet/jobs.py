"""What a worker does again and again: each module that has work for it declares its `JOBS`.

`wallet/running/worker.py` collects them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from sqlalchemy import Engine, TextClause

from wallet.clock import Clock, Ids
from wallet.config import Settings
from wallet.ledger.due import Timer, TimerLoop
from wallet.ledger.poster import Poster
from wallet.ledger.writing import Render
from wallet.markets import Market
from wallet.retention import EXPIRED

SOON_S: Final = 0.25  # somebody is waiting for it
SHORTLY_S: Final = 0.5
SOMETIMES_S: Final = 10.0
SELDOM_S: Final = 300.0

LIMIT: Final = 1000


class Parts(Protocol):
    """What a job may use of its process."""

    @property
    def settings(self) -> Settings: ...
    @property
    def engine(self) -> Engine: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def ids(self) -> Ids: ...
    @property
    def poster(self) -> Poster: ...
    @property
    def markets(self) -> Mapping[str, Market]: ...
    @property
    def render(self) -> Render: ...

    def own_poster(self) -> Poster:
        """Start another poster, which posts beside the process's own."""


Step = Callable[[], int]
"""Returns how much it found to do; after a step that found nothing its job idles."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do again and again, with a pause of `idle_s` where there is nothing to do.

    `start` is called once in each worker: what a step remembers from one time to the next, such as
    rests or a connection, belongs to the step that it returns.
    """

    name: str
    start: Callable[[Parts], Step]
    idle_s: float


def timer_job(name: str, timer: Timer, idle_s: float) -> Job:
    """Return the job that does what is due of `timer`."""

    def start(parts: Parts) -> Step:
        loop = TimerLoop(parts.engine, parts.poster, timer)
        return lambda: loop.step(parts.clock.now())

    return Job(name, start, idle_s)


def expiry_job(name: str, statement: TextClause, kept: timedelta = EXPIRED) -> Job:
    """Return the job that deletes what nobody needs any more. No money is in it."""

    def start(parts: Parts) -> Step:
        return lambda: delete_expired(parts.engine, statement, parts.clock.now(), kept)

    return Job(name, start, SELDOM_S)


def delete_expired(
    engine: Engine,
    statement: TextClause,
    now: datetime,
    kept: timedelta = EXPIRED,
    *,
    limit: int = LIMIT,
) -> int:
    """Delete what expired before what is still kept (`:before`); return how many rows."""
    with engine.begin() as connection:
        return connection.execute(statement, {"before": now - kept, "limit": limit}).rowcount
