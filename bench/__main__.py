"""`python -m bench`: the speed figures, as a table and as bench/results.json."""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from bench.rows import ROWS
from bench.sizes import FULL, QUICK
from bench.story import bench
from bench.table import table_of
from bench.wrk import BenchFailed
from wallet.config import BadSettings
from wallet.running.embedded import CannotStart, UnsafeDirectory

RESULTS: Final = Path(__file__).with_name("results.json")
WIDTH: Final = 120  # of a log file, where no terminal says otherwise


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--quick", is_flag=True, help="See that the bench works: its figures say nothing.")
@click.option("--row", "numbers", type=click.IntRange(1, len(ROWS)), multiple=True,
              help="Only these rows of the table, by number; may be repeated.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), help="Where to write the results.")
def main(quick: bool, numbers: tuple[int, ...], out: Path | None) -> None:
    """Measure the service against pgbench and an empty Flask route, on this machine."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leave no server behind
    rows = [ROWS[number - 1] for number in sorted(set(numbers))] or list(ROWS)
    try:
        figures = bench(QUICK if quick else FULL, rows, console)
    except (BadSettings, BenchFailed, CannotStart, UnsafeDirectory) as error:
        raise click.ClickException(str(error)) from error
    console.print(table_of(figures))
    if out is None and not (quick or numbers):
        out = RESULTS  # only a whole run is worth keeping
    if out is not None:
        out.write_text(json.dumps([asdict(each.result) for each in figures], indent=2) + "\n")
        console.print(f"Written to {out}")


if __name__ == "__main__":
    main()
