"""What a request costs in processor time: it says where time goes, and other work disturbs it less.

Microseconds of user and system time together, of each part that takes part in a request.
"""

from __future__ import annotations

import resource
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Meter:
    """Measures process trees, each by the process at its root, and wrk, our only ended child."""

    roots: Mapping[str, int]

    def read_us(self) -> dict[str, float]:
        """Return the time each part has used so far."""
        found = {name: _tree_us(pid) for name, pid in self.roots.items()}
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        return found | {"wrk": 1_000_000 * (ended.ru_utime + ended.ru_stime)}


def spent_us(
    before: Mapping[str, float], after: Mapping[str, float], requests: int
) -> dict[str, float]:
    """Return what one request has cost each part."""
    return {name: (after[name] - before[name]) / max(1, requests) for name in before}


def _tree_us(pid: int) -> float:
    root = psutil.Process(pid)
    return sum(_process_us([root, *root.children(recursive=True)]))


def _process_us(processes: Iterable[psutil.Process]) -> Iterable[float]:
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # it may end meanwhile
            times = process.cpu_times()
            yield 1_000_000 * (times.user + times.system)
