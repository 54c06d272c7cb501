"""Loads the service over HTTP with `wrk`: native and light, so that two cores are enough for both.

wrk keeps `CONNECTIONS` requests under way, drawn by bench/load.lua. Latency is as wrk reports it,
corrected for the requests that a slow answer kept from being sent.
"""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CONNECTIONS: Final = 128
THREADS: Final = 2
TIMEOUT_S: Final = 20
HANDFUL: Final = 5
SCRIPT: Final = Path(__file__).with_name("load.lua")
HOW_TO_GET_WRK: Final = (
    "The bench loads the service with wrk, which is not installed: "
    "`apt-get install wrk` on Debian and Ubuntu, `brew install wrk` on macOS; "
    "elsewhere build it from https://github.com/wg/wrk."
)


class BenchFailed(Exception):
    """What was measured is no figure; the message says why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What wrk saw: requests answered, how quickly."""

    requests: int
    duration_us: int
    p50_us: int
    p99_us: int

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests * 1_000_000 / self.duration_us


def find_wrk() -> str:
    """Return the program. Raises `BenchFailed`, saying how to get it."""
    found = shutil.which("wrk")
    if found is None:
        raise BenchFailed(HOW_TO_GET_WRK)
    return found


def seed_of_a_run() -> str:
    """Return what all keys of one run begin with."""
    drawn = secrets.token_hex(8)
    return f"{drawn[:8]}-{drawn[8:12]}-4{drawn[13:]}-"


def run(url: str, options: Mapping[str, str | int], run_s: int) -> Outcome:
    """Load `url` for `run_s` seconds. Raises `BenchFailed` where more than a handful failed."""
    told = [f"{name}={value}" for name, value in {**options, "seed": seed_of_a_run()}.items()]
    shape = [f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{run_s}s", "--timeout", f"{TIMEOUT_S}s"]
    command = [find_wrk(), *shape, "-s", str(SCRIPT), url, "--", *told]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return read_outcome(done.stdout, done.stderr)


def read_outcome(printed: str, complaints: str = "") -> Outcome:
    """Return what load.lua has printed at the end."""
    lines = [line for line in printed.splitlines() if line.startswith("result ")]
    if not lines:
        raise BenchFailed(f"wrk has failed: {complaints or printed}")
    found = json.loads(lines[-1].removeprefix("result "))
    refused, broken = found.pop("refused"), found.pop("broken")
    if refused + broken > HANDFUL:
        raise BenchFailed(
            f"of {found['requests']} requests {refused} were refused and {broken} got no answer"
        )
    return Outcome(**found)


def gap_us(rate: float) -> int:
    """Return the time between two requests of one thread, at so many a second in all."""
    return round(THREADS * 1_000_000 / rate)


def command_of(kind: str, run_s: int) -> str:
    """Return how a load is run, without what is different each time."""
    return f"wrk -t{THREADS} -c{CONNECTIONS} -d{run_s}s -s bench/load.lua URL -- kind={kind}"
