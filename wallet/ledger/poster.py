"""The poster: commands are decided and posted in batches, one transaction a batch.

Request threads hand commands over and wait. While one batch commits, the next gathers; there is
no timer, so an idle system adds no delay. A batch is: one locking read of what its commands need,
`decide` for each in order against the state as the ones before left it, set-based writes, one
commit.

- A refusal refuses its own command only.
- A batch that fails for a technical reason is posted again: whole while the database cannot be
  reached, else command by command.
- The same actor, key and contents replay the first answer, also across processes and crashes:
  the key is a unique column of the posting itself.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from hashlib import blake2b
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, TypeVar
from uuid import UUID

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection

from wallet.errors import Code, Refused, Unavailable, tell_defect
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.line import Line
from wallet.ledger.posting import Decision
from wallet.ledger.reading import Receipts, operator_account, read_facts, take_lane
from wallet.ledger.writing import Render, Writes, write

if TYPE_CHECKING:
    from wallet.clock import Clock, Ids
    from wallet.markets import Market

log = logging.getLogger(__name__)

MAX_BATCH: Final = 256
TRIES: Final = 4
PAUSE_S: Final = 0.1
WAIT_S: Final = 30
WORKER: Final = 0
"""The actor of what no person commanded: a release at its deadline, a confirmed payout."""

SESSION: Final = """
    -- Every statement of a batch finds its rows by key. A plan made while a table was small, or
    -- not yet analysed, must not scan it once it has grown.
    SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan; SET jit = off;
    SET lock_timeout = '10s'   -- whoever holds a lock so long will not let go of it soon
"""


class Command(Protocol):
    """What somebody wants done: a dataclass.

    Its contents are its fields, but for actor and key, and what it says is no part of a comparison:
    a PIN, `field(compare=False)`, proves who commands and not what.
    """

    KIND: ClassVar[str]

    @property
    def actor(self) -> int: ...

    @property
    def key(self) -> UUID: ...

    def needs(self) -> Needs:
        """Return what the poster locks and reads before `decide` runs."""


CommandT = TypeVar("CommandT", bound=Command)
Decide = Callable[[CommandT, Facts], Decision]
Observe = Callable[[int, list[str]], None]
"""Told after each batch how many commands it held, and the kinds of those that were posted."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the caller is told. `replayed`: the command had been done before."""

    answer: Mapping[str, Any]
    replayed: bool


class Pending(Protocol):
    """A command that was handed over."""

    def wait(self, timeout_s: float = WAIT_S) -> Receipt:
        """Return or raise what `Poster.post` would; to be called once."""


Awaited = asyncio.Future[None] | None


class _Job:
    """A command on its way through a batch, and the thread or the `future` that waits for it."""

    __slots__ = ("_done", "command", "decide", "error", "fingerprint", "future", "receipt")

    def __init__(self, decide: Decide[Any], command: Command, future: Awaited = None) -> None:
        self.future = future
        self.decide = decide
        self.command = command
        self.fingerprint = fingerprint(command)
        self.receipt: Receipt | None = None
        self.error: Exception | None = None
        self._done = threading.Lock()
        self._done.acquire()

    def finish(self) -> None:
        self._done.release()

    def wait(self, timeout_s: float = WAIT_S) -> Receipt:
        if not self._done.acquire(timeout=timeout_s):
            raise _late()
        return self.result()

    def result(self) -> Receipt:
        if self.error is not None:
            raise self.error
        assert self.receipt is not None
        return self.receipt


@cache
def _contents(kind: type[Any]) -> Callable[[Any], Any]:
    names = [
        each.name for each in fields(kind) if each.compare and each.name not in {"actor", "key"}
    ]
    return attrgetter("KIND", *names)  # KIND too: a PIN's proof has no contents of its own


def fingerprint(command: Command) -> bytes:
    """Return what tells one command's contents from another's."""
    contents = _contents(type(command))(command)
    return blake2b(repr(contents).encode(), digest_size=16).digest()


def _late() -> Unavailable:
    return Unavailable("the poster did not answer in time")


def _give_up(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_exception(_late())


def _finish(batch: list[_Job]) -> None:
    """Wake whoever waits: each thread by itself, all that wait on one event loop at once."""
    awaited: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for job in batch:
        if job.future is None:
            job.finish()
        else:
            awaited.setdefault(job.future.get_loop(), []).append(job.future)
    for loop, futures in awaited.items():
        try:
            loop.call_soon_threadsafe(_wake, futures)
        except RuntimeError:  # it is closed: the server has stopped
            log.info("nobody waits any more for %d commands that were posted", len(futures))


def _wake(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


_MAY_PASS: Final = (psycopg.IntegrityError, psycopg.OperationalError)


def _is_outage(error: Exception) -> bool:
    """Tell whether the database could not be asked, as against what it said of a statement."""
    if isinstance(error, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure):
        return False
    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | DBAPIError)


def _fail(batch: list[_Job], error: Exception) -> None:
    """Give each an error; in an outage its own, for one that all raise gathers their tracebacks."""
    is_outage = _is_outage(error)
    for job in batch:
        job.error = Unavailable("the database is not reachable") if is_outage else error
        job.receipt = None


class Poster:
    """Posts commands for one process. `post` may be called from any thread."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        ids: Ids,
        *,
        markets: Mapping[str, Market],
        settings: Iterable[object] = (),
        render: Render,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._ids = ids
        self._markets = markets
        self._settings = {type(each): each for each in settings}
        self._render = render
        self._lane = 0
        self._operator_ids: dict[tuple[str, str], int] = {}  # of this lane
        self._connection: PoolProxiedConnection | None = None  # the poster thread's own
        self._line: Line | None = None  # on it
        self.observe: Observe | None = None
        self._jobs: queue.SimpleQueue[list[_Job] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="poster", daemon=True)
        self._thread.start()

    def post(
        self, decide: Decide[CommandT], command: CommandT, timeout_s: float = WAIT_S
    ) -> Receipt:
        """Do `command`, or tell what came of it before.

        Raises `Refused` where a rule says no, and `Unavailable` where the database cannot say;
        then the outcome is settled by posting the same command with the same key again.
        """
        return self.submit(decide, command).wait(timeout_s)

    async def posted(self, decide: Decide[CommandT], command: CommandT) -> Receipt:
        """Do what `post` does while the event loop goes on with others."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        job = _Job(decide, command, future)
        self._jobs.put([job])
        timer = loop.call_later(WAIT_S, _give_up, future)
        try:
            await future
        finally:
            timer.cancel()
        return job.result()

    def submit(self, decide: Decide[CommandT], command: CommandT) -> Pending:
        """Hand `command` over without waiting, so that one thread can fill a batch."""
        job = _Job(decide, command)
        self._jobs.put([job])
        return job

    def submit_all(self, commands: Iterable[tuple[Decide[Any], Command]]) -> Sequence[Pending]:
        """Hand commands over that belong in one batch, however many they are."""
        jobs = [_Job(decide, command) for decide, command in commands]
        if jobs:
            self._jobs.put(jobs)
        return jobs

    def close(self) -> None:
        """Post what is waiting, then stop."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._jobs.get()) is not None:
            batch = [*first]
            while len(batch) < MAX_BATCH:
                try:
                    jobs = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if jobs is None:
                    self._jobs.put(None)  # seen again after this batch
                    break
                batch += jobs
            self._post_batch(batch)
            _finish(batch)
            self._tell(batch)
        if self._connection is not None:
            self._connection.close()

    def _tell(self, batch: list[_Job]) -> None:
        if self.observe is None:
            return
        done = [(job.command.KIND, job.receipt) for job in batch if job.error is None]
        posted = [kind for kind, receipt in done if receipt is not None and not receipt.replayed]
        try:
            self.observe(len(batch), posted)
        except Exception:  # nobody's numbers are worth a payment
            log.exception("a batch could not be counted")

    def _post_batch(self, batch: list[_Job]) -> None:
        """Post a batch; again where that can help, and alone where one may fail its neighbours."""
        for attempt in range(TRIES):
            time.sleep(PAUSE_S * attempt)
            try:
                self._transact(batch)
            except Exception as error:  # noqa: BLE001 -- told below, or tried again
                is_outage = _is_outage(error)
                if len(batch) > 1 and not is_outage:
                    log.warning("a batch of %d is posted one by one: %s", len(batch), error)
                    for job in batch:
                        self._post_batch([job])
                    return
                _fail(batch, error)
                # New ids, or another process's key, settle most of what a constraint refuses.
                if not (is_outage or isinstance(error, _MAY_PASS)):
                    tell_defect(log, error, f"posting {batch[0].command.KIND} failed")
                    return
                log.warning("posting %d failed, attempt %d: %s", len(batch), attempt + 1, error)
            else:
                return
        log.error("gave up posting %s: %r", batch[0].command.KIND, batch[0].error)

    def _transact(self, batch: list[_Job]) -> None:
        if self._connection is None:
            self._connection = self._connect()
        assert self._line is not None
        try:
            self._decide_and_write(self._line, batch)
        except BaseException:
            self._connection.invalidate()  # whatever its state, no later batch inherits it
            self._connection = None
            raise

    def _connect(self) -> PoolProxiedConnection:
        connection = self._engine.raw_connection()
        raw = connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        raw.autocommit = True  # BEGIN and COMMIT travel with the statements
        raw.execute(SESSION)
        self._lane = take_lane(raw)
        self._line = Line(raw)
        self._operator_ids.clear()
        return connection

    def _decide_and_write(self, line: Line, batch: list[_Job]) -> None:
        now = self._clock.now()
        facts = Facts(now, 0, self._markets, self._settings, self._ids)
        needs = [job.command.needs() for job in batch]

        def operator_id(key: tuple[str, str]) -> int:
            if key not in self._operator_ids:  # forgotten with the connection, should this fail
                self._operator_ids[key] = operator_account(
                    line.connection, *key, self._lane, id_=self._ids.next(now), now=now
                )
            return self._operator_ids[key]

        keys = [job.command.key for job in batch]
        receipts = read_facts(line, facts, needs, operator_id, keys)
        writes = Writes(facts)
        for job, needed in zip(batch, needs, strict=True):
            self._settle(job, needed, facts, writes, receipts)
        write(line, writes, self._render)

    def _settle(
        self,
        job: _Job,
        needed: Needs,
        facts: Facts,
        writes: Writes,
        receipts: Receipts,
    ) -> None:
        """Decide one command; its error or receipt holds once the batch is committed."""
        command = job.command
        job.error = job.receipt = None
        before = receipts.get((command.actor, command.key))
        if before is not None:  # replay precedes every rule
            if before[0] == job.fingerprint:
                job.receipt = Receipt(before[1], replayed=True)
            else:
                job.error = Refused(Code.KEY_REUSED)
            return
        facts.turn_to(self._ids.next(facts.now))
        try:
            _check_actor(command.actor, needed, facts)
            decision = job.decide(command, facts)
        except Refused as refusal:
            job.error = refusal
            writes.add_refused(refusal)
        except Exception as defect:  # noqa: BLE001 -- our bug, in this command alone
            tell_defect(log, defect, f"deciding {command.KIND} failed")
            job.error = defect
        else:
            writes.add(decision, command.actor, command.key, job.fingerprint)
            job.receipt = Receipt(decision.answer, replayed=False)
            receipts[(command.actor, command.key)] = (job.fingerprint, decision.answer)


def _check_actor(actor: int, needed: Needs, facts: Facts) -> None:
    """Refuse whom the database does not know: an access token outlives a restore."""
    if actor in needed.holders and actor not in facts.holders:
        raise Refused(Code.SENDER_UNKNOWN)
