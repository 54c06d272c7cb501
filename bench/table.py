"""The figures as a table: green reached its aim, yellow its bar, red fell short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.table import Table

from bench.rows import Figure

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
