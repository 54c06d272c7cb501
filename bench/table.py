"""The figures as a table: green reached its aim, yellow its bar, red fell short.

And what a request costs, in processor time.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Final

from rich.table import Table

from bench.rows import Figure
from bench.sites import Site

COLOURS: Final = ("red", "yellow", "green")
UNITS: Final = {"1/s": "{:,.0f}/s", "ms": "{:,.1f} ms"}


def table_of(figures: Sequence[Figure]) -> Table:
    """Return the table."""
    table = Table(title="Kibubu's speed", title_justify="left")
    table.add_column("What")
    table.add_column("Value", justify="right", no_wrap=True)
    table.add_column("Against")
    for name in ("Value", "Ratio", "Reach", "Aim"):
        table.add_column(name, justify="right", no_wrap=True)
    for figure in figures:
        table.add_row(*_cells(figure))
    return table


def _cells(figure: Figure) -> tuple[str, ...]:
    result, shown = figure.result, UNITS[figure.result.unit]
    return (
        result.name,
        shown.format(result.value),
        result.against,
        shown.format(result.against_value),
        f"[{COLOURS[figure.grade]}]{result.ratio:.2f}[/]",
        figure.reach,
        figure.aim,
    )


def cpu_table(sites: Sequence[Site]) -> Table:
    """Return what a request of each kind costs: medians of all runs."""
    table = Table(title="Processor time a request, in microseconds", title_justify="left")
    table.add_column("Load")
    parts = ("web", "Postgres", "Valkey", "wrk")
    for part in parts:
        table.add_column(part, justify="right")
    for site in sites:
        for kind, runs in site.cpu_us.items():
            shown = [f"{median(run.get(part, 0) for run in runs):,.0f}" for part in parts]
            table.add_row(f"{kind}, {site.population.wallets:,} wallets", *shown)
    return table
