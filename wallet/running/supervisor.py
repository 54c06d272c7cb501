"""Keeps processes running: whatever dies, whenever and however often, is started again.

Each has a pause of its own, which grows with every death, so that one that cannot start costs
little, and is short again once it has lived longer than the longest. Nothing counts deaths: a
service that gave up would be down until somebody came.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from types import FrameType
from typing import Final, Protocol

log = logging.getLogger(__name__)

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 10.0
STOP_TIMEOUT_S: Final = 30.0
POLL_S: Final = 0.1
PARENT_POLL_S: Final = 0.25
STOPS: Final = (signal.SIGTERM, signal.SIGINT)
_NAMES: Final = {each.value: each.name for each in signal.Signals}  # real-time ones have none


class Process(Protocol):
    """A process that was started: one of `multiprocessing`, or what looks like one."""

    @property
    def pid(self) -> int | None: ...
    @property
    def exitcode(self) -> int | None: ...
    @property
    def sentinel(self) -> int:
        """What can be waited for: it is ready when the process is dead."""

    def is_alive(self) -> bool: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...
    def join(self, timeout: float | None = None) -> None: ...
    def close(self) -> None:
        """Let go of what belonged to it: it is dead."""


@dataclass(slots=True)
class Kept:
    """One process that shall always be there; `start` starts it, each time anew."""

    name: str
    start: Callable[[], Process]
    process: Process | None = None
    began: float = 0
    due: float = 0
    pause_s: float = FIRST_PAUSE_S

    def look(self, now: float) -> None:
        """Start it where that is due; where it has died, say when that will be."""
        if self.process is not None and not self.process.is_alive():
            told = f"{self.name} (pid {self.process.pid}) {_end_of(self.process)}"
            self.process.close()
            self.process = None
            self._pause(now, told)
        if self.process is None and now >= self.due:
            self.began = now
            try:
                self.process = self.start()
            except OSError as error:  # no memory for it, no process to be had
                self._pause(now, f"{self.name} could not be started: {error}")
            else:
                log.info("%s (pid %s) was started", self.name, self.process.pid)

    def _pause(self, now: float, told: str) -> None:
        lived_s = now - self.began
        if lived_s > LONGEST_PAUSE_S:
            self.pause_s = FIRST_PAUSE_S
        log.warning("%s after %.1f s, is started again in %.1f s", told, lived_s, self.pause_s)
        self.due = now + self.pause_s
        self.pause_s = min(self.pause_s * 2, LONGEST_PAUSE_S)


@dataclass(slots=True)
class Supervisor:
    """Keeps groups of processes: started in this order, stopped in the opposite one.

    Those of a group are stopped at once; one that does not stop within STOP_TIMEOUT_S is killed.
    """

    groups: Sequence[Sequence[Kept]]
    beside: Callable[[], None] = field(default=lambda: None)
    """Called at each look."""
    _asked: int = field(default=0, init=False)

    @property
    def all(self) -> list[Kept]:
        """Every process that is kept, in the order in which they are started."""
        return [kept for group in self.groups for kept in group]

    def look(self, now: float) -> None:
        """Start whatever is not there and due; `now` is of a clock that is never set."""
        for kept in self.all:
            kept.look(now)
        self.beside()

    def run(self) -> None:
        """Keep them until SIGTERM or SIGINT, then stop them; a second signal kills them."""
        for number in STOPS:
            signal.signal(number, self._on_signal)
        try:
            while not self._asked:
                self.look(time.monotonic())
                # Until one dies, whose callers would wait for it meanwhile, or it is time to look.
                wait([each.process.sentinel for each in self.all if each.process], POLL_S)
        finally:
            self.stop()

    def stop(self) -> None:
        """Stop all of them, group by group."""
        for group in reversed(self.groups):
            running = [each.process for each in group if each.process is not None]
            for process in running:
                process.terminate()
            deadline = time.monotonic() + STOP_TIMEOUT_S
            while time.monotonic() < deadline and self._asked < 2:
                if not any(process.is_alive() for process in running):
                    break
                time.sleep(POLL_S)
            for process in running:
                if process.is_alive():
                    log.warning("pid %d did not stop: it is killed", process.pid)
                    process.kill()
                process.join()
                process.close()
            for each in group:
                each.process = None

    def _on_signal(self, _: int, __: FrameType | None) -> None:
        self._asked += 1


def forked(name: str, run: Callable[[], None]) -> multiprocessing.process.BaseProcess:
    """Start a process of ours that does `run`, with all that is loaded here.

    Nothing but SIGTERM stops it, which comes from here: Ctrl-C reaches a whole terminal. It stops
    as well once this process is gone.
    """
    process = multiprocessing.get_context("fork").Process(
        target=_child, args=(name, run, os.getpid()), name=name
    )
    # In between our own handlers would take what is meant for it.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    return process


def _child(name: str, run: Callable[[], None], parent: int) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    stop_with_parent(parent)
    try:
        run()
    except Exception:  # whatever it is, it is one line of the log
        log.exception("%s cannot go on", name)
        sys.exit(1)


def stop_with_parent(parent: int) -> None:
    """Stop, as if asked to, once the process that started us is gone: nobody else would do it."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_POLL_S)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _end_of(process: Process) -> str:
    code = process.exitcode
    if code is not None and code < 0:
        return f"was killed by {_NAMES.get(-code, f'signal {-code}')}"
    return f"ended with status {code}"
