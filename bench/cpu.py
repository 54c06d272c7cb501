"""What a request costs in processor time: it says where time goes, and other work disturbs it less.

Microseconds of user and system time together, of each part that takes part in a request.
"""

from __future__ import annotations

import resource
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Meter:
    """Measures process trees, each by the process at its root, and wrk, our only ended child."""

    roots: Mapping[str, int]

    def read_us(self) -> dict[str, float]:
        """Return the time each part has used so far, by processes that have ended too."""
        found = {name: _tree_us(pid) for name, pid in self.roots.items()}
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        return found | {"wrk": 1_000_000 * (ended.ru_utime + ended.ru_stime)}


def spent_us(
    before: Mapping[str, float], after: Mapping[str, float], requests: int
) -> dict[str, float]:
    """Return what one request has cost each part."""
    return {name: (after[name] - before[name]) / max(1, requests) for name in before}


def _tree_us(pid: int) -> float:
    """Return what a tree has used, those of it included that have ended and were waited for.

    Without them, one that ends between two readings would take back what it had used. One that
    begins or ends during a reading would be missed, or counted twice: it is read again.
    """
    root = psutil.Process(pid)
    tree: list[psutil.Process] = []
    used_us = 0.0
    while tree != (found := [root, *root.children(recursive=True)]):
        tree, used_us = found, sum(_process_us(found))
    return used_us


def _process_us(processes: Iterable[psutil.Process]) -> Iterator[float]:
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # it may end meanwhile
            times = process.cpu_times()
            own, ended = times.user + times.system, times.children_user + times.children_system
            yield 1_000_000 * (own + ended)
