"""What is measured against what, and how far it should reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench import wrk
from bench.loads import (
    BULK,
    DUE,
    HOLD,
    HOP,
    LOADS,
    NOOP,
    PAY_MANY,
    PAY_ONE,
    PGBENCH,
    RELEASE,
    SEND,
    SEND_FEW,
    SEND_MANY,
    command_of,
    described,
)
from bench.sizes import Sizes

LATENCY: Final = "p99 of a send at half of its rate"
P99_REACH_MS: Final = 40
P99_AIM_MS: Final = 25


@dataclass(frozen=True, slots=True)
class Row:
    """A load, what it is held against, and the ratios to reach and to aim at, where there are."""

    name: str
    load: str
    against: str
    reach: float | None = None
    aim: float | None = None


ROWS: Final = (
    Row("Send over HTTP", SEND, PGBENCH, 0.85, 1.0),
    Row("Send over HTTP, beside doing nothing", SEND, NOOP, 0.4, 0.5),
    Row("Pay one hot merchant over HTTP", PAY_ONE, PAY_MANY, 0.97, 1.0),
    Row("One USSD hop, beside doing nothing", HOP, NOOP, 0.4, 0.5),
    Row("Send with many wallets and a history", SEND_MANY, SEND_FEW, 0.95, 1.0),
    Row("Bulk disbursement of a list", BULK, PGBENCH, 4.7, 6),
    Row("Pay into escrow over HTTP, beside paying at once", HOLD, PAY_MANY, 0.82, 0.9),
    Row("Release held money over HTTP, beside doing nothing", RELEASE, NOOP, 0.22, 0.35),
    Row("Release what is due at the same minute", DUE, PGBENCH, 1.5, 3),
)


@dataclass(frozen=True, slots=True)
class Result:
    """A line of bench/results.json."""

    name: str
    value: float
    unit: str
    against: str
    against_value: float
    ratio: float
    command: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A result beside its bar. `grade` is how far it came: 0 fell short, 1 reached, 2 aimed."""

    result: Result
    reach: str
    aim: str
    grade: int


def loads_of(rows: Sequence[Row]) -> list[str]:
    """Return the loads that some rows need, in the order of a round."""
    needed = {load for row in rows for load in (row.load, row.against)}
    return [load for load in LOADS if load in needed]


def figure_of(row: Row, rates: Mapping[str, Sequence[float]], sizes: Sizes) -> Figure:
    """Return a row's medians and their ratio."""
    value, against = median(rates[row.load]), median(rates[row.against])
    result = Result(
        name=row.name,
        value=round(value, 1),
        unit="1/s",
        against=described(row.against, sizes),
        against_value=round(against, 1),
        ratio=round(value / against, 3),
        command=f"{command_of(row.load, sizes)} | {command_of(row.against, sizes)}",
    )
    grade = sum(bar is None or result.ratio >= bar for bar in (row.reach, row.aim))
    reach, aim = ("-" if bar is None else f"{bar:g}" for bar in (row.reach, row.aim))
    return Figure(result, reach, aim, grade)


def latency_figure(p99s_ms: Sequence[float], rate: float, sizes: Sizes) -> Figure:
    """Return the median of the 99th percentiles against the longest allowed; small is good."""
    value = median(p99s_ms)
    result = Result(
        name=LATENCY,
        value=round(value, 1),
        unit="ms",
        against=f"{P99_REACH_MS} ms, at {rate:,.0f} sends/s",
        against_value=P99_REACH_MS,
        ratio=round(value / P99_REACH_MS, 3),
        command=f"{wrk.command_of('send', sizes.run_s)} gap_us={wrk.gap_us(rate)}",
    )
    grade = (value <= P99_REACH_MS) + (value <= P99_AIM_MS)
    return Figure(result, f"{P99_REACH_MS} ms", f"{P99_AIM_MS} ms", grade)
