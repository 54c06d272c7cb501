"""What becomes due by itself: found, done once, and left alone for a while where it was refused.

Any number of workers may do this at once, and any may be killed anywhere: the command's key
follows from what is due, so the ledger does it once. Who just looks does it too, and whoever is
first does it. Nothing is kept about a thing that was refused but a short rest, in memory, so that
it neither stops the others nor spins.

Where very many may come due in the same minute, workers share them out: see `Shares`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import Engine, Row, TextClause, text

from wallet.clock import reference
from wallet.errors import Code, Refused, Unavailable, tell_defect
from wallet.ledger.poster import MAX_BATCH, Command, Decide, Pending, Poster

log = logging.getLogger(__name__)

FIRST_REST: Final = timedelta(seconds=1)
LONGEST_REST: Final = timedelta(minutes=10)
ROUNDS: Final = 3
"""Doing what is due may bring other things into view; a list that long is the workers' to clear."""

Seen = TypeVar("Seen")
Due = tuple[Decide[Any], Command]
"""How to do what is due, and the command, whose key follows from the thing."""


IN_ORDER: Final = text("""
    -- What is due longest is read off its index, and no more of it than is asked for: whatever the
    -- statistics say of a minute in which a hundred thousand things come due.
    SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = off
""")
UNLOCK: Final = text("SELECT pg_advisory_unlock(:number, :share)")


@dataclass(frozen=True, slots=True)
class Shares:
    """How workers share out what is due: each takes a share that no other has just now.

    What one account receives is due in one share, so that workers do not wait for each other's
    accounts, and a batch locks few of them.

    `query` locks a share in which something is due, by `pg_try_advisory_lock(:number, share)`, but
    none of those `:passed`: they had nothing to be done, though due, since somebody moves it. Until
    the lock is let go of, or the connection is lost, it is nobody else's; the timer's own query
    finds by `:share`.
    """

    number: int
    query: TextClause


@dataclass(frozen=True, slots=True)
class Timer:
    """A kind of thing that becomes due.

    `query` finds what is due at `:now`, at most `:limit`, none of the ids `:resting`; it names each
    thing by `id`. Where it locks, it does so for this statement alone and skips what is locked:
    what another worker, or a party, is moving just now is passed over, so that workers share the
    work and do not queue behind each other.

    `quicker` are the refusals by which somebody else has done it, or made it no longer due.
    """

    name: str
    query: TextClause
    due: Callable[[Row[Any]], Due]
    quicker: frozenset[Code]
    longest_rest: timedelta = LONGEST_REST
    shares: Shares | None = None


@dataclass(frozen=True, slots=True)
class _Rest:
    """How often a thing was refused, and when it may be tried again."""

    refusals: int
    until: datetime


class TimerLoop:
    """Does what is due of one timer, a batch of the poster's at a time."""

    def __init__(self, engine: Engine, poster: Poster, timer: Timer) -> None:
        self._engine = engine
        self._poster = poster
        self._timer = timer
        self._rests: dict[int, _Rest] = {}

    def step(self, now: datetime, limit: int = MAX_BATCH) -> int:
        """Do up to `limit` things; return how many were tried, 0 when none is due.

        Raises `Unavailable` where the database cannot say.
        """
        return len(self.try_due(now, limit))

    def try_due(
        self, now: datetime, limit: int, **asked: object
    ) -> list[tuple[Row[Any], Exception | None]]:
        """Do what `step` does; return each thing and what stood in its way.

        `asked` is what else the query asks for.
        """
        self._forget(now)
        if self._timer.shares is None:
            return self._do(self._find(now, limit, asked), now)
        passed: list[int] = []
        while True:
            with self._share(self._timer.shares, now, passed) as share:
                if share is None:
                    return []
                found = self._find(now, limit, {**asked, "share": share})
                if found:
                    return self._do(found, now)
                passed.append(share)

    def _do(self, found: list[Row[Any]], now: datetime) -> list[tuple[Row[Any], Exception | None]]:
        errors = outcomes(self._poster, [self._timer.due(row) for row in found])
        for row, error in zip(found, errors, strict=True):
            if error is None or (isinstance(error, Refused) and error.code in self._timer.quicker):
                self._rests.pop(row.id, None)
            else:
                self._rest(row.id, error, now)
        return list(zip(found, errors, strict=True))

    @contextmanager
    def _share(self, shares: Shares, now: datetime, passed: list[int]) -> Iterator[int | None]:
        """Hold a share in which something is due; None where there is none that is free."""
        named = {"number": shares.number, "now": now, "passed": passed}
        with self._engine.connect() as pooled:
            connection = pooled.execution_options(isolation_level="AUTOCOMMIT")
            found = connection.execute(shares.query, {**named, "resting": self._resting(now)})
            share: int | None = found.scalar()
            try:
                yield share
            finally:
                if share is not None:
                    connection.execute(UNLOCK, {"number": shares.number, "share": share})

    def _find(self, now: datetime, limit: int, asked: dict[str, object]) -> list[Row[Any]]:
        with self._engine.begin() as connection:
            connection.execute(IN_ORDER)
            values = {**asked, "now": now, "limit": limit, "resting": self._resting(now)}
            return list(connection.execute(self._timer.query, values))

    def _resting(self, now: datetime) -> list[int]:
        return [id_ for id_, rest in self._rests.items() if rest.until > now]

    def _forget(self, now: datetime) -> None:
        """Forget what has not been found for long: somebody else has done it since."""
        self._rests = {
            id_: rest for id_, rest in self._rests.items() if rest.until + LONGEST_REST > now
        }

    def _rest(self, id_: int, error: Exception, now: datetime) -> None:
        before = self._rests.get(id_)
        refusals = before.refusals + 1 if before else 1
        pause = min(FIRST_REST * (1 << min(refusals - 1, 16)), self._timer.longest_rest)
        self._rests[id_] = _Rest(refusals, now + pause)
        level = logging.WARNING if before is None else logging.INFO  # it is news but once
        reason = error if isinstance(error, Refused) else type(error).__name__
        log.log(level, "%s %s is due but not done: %s", self._timer.name, reference(id_), reason)


def outcomes(poster: Poster, due: Iterable[Due]) -> list[Exception | None]:
    """Do what is due, in one batch; return what stood in the way of each.

    Nothing that fails stops the others. Raises `Unavailable` where the database cannot say.
    """
    return [_outcome(pending) for pending in poster.submit_all(due)]


def up_to_date(
    poster: Poster, see: Callable[[], Seen], due_in: Callable[[Seen], Iterable[Due]]
) -> Seen:
    """Return what `see` returns, once all that `due_in` finds due in it has been done.

    Somebody just looks: what time alone should have done is done before they see it. It costs
    nothing more where nothing is due. What the rules refuse (somebody was quicker) is shown as it
    stands. Raises `Unavailable` where the database cannot say.
    """
    tried: set[UUID] = set()
    seen = see()
    for _ in range(ROUNDS):
        due = [each for each in due_in(seen) if each[1].key not in tried]
        if not due:
            break
        tried.update(command.key for _, command in due)
        do_all(poster, due)
        seen = see()
    return seen


def do_all(poster: Poster, due: Iterable[Due]) -> None:
    """Do what is due; what cannot be done is left to the workers."""
    for error in outcomes(poster, due):
        if isinstance(error, Refused):
            log.info("what was due was not done: %s", error)
        elif isinstance(error, Unavailable):
            log.warning("what was due could not be done: %s", error)
        elif error is not None:
            tell_defect(log, error, "what was due could not be done")


def _outcome(pending: Pending) -> Exception | None:
    try:
        pending.wait()
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 -- one broken thing must not stop the others
        return error
    return None
