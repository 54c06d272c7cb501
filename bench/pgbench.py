"""pgbench, on the Postgres of the service: five statements of bare SQL in C, and nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import psycopg

from bench.wrk import BenchFailed
from wallet.running.embedded import Postgres
from wallet.running.embedded.programs import postgres_programs

DATABASE: Final = "bench_pgbench"
CLIENTS: Final = 32
THREADS: Final = 2
_TPS: Final = re.compile(r"^tps = ([0-9.]+) ", re.MULTILINE)


def find_pgbench() -> str:
    """Return the program that came with the server, else the system's."""
    shipped = postgres_programs() / "pgbench"
    found = str(shipped) if Path(shipped).exists() else shutil.which("pgbench")
    if found is None:
        raise BenchFailed("pgbench is missing: `apt-get install postgresql-contrib` on Debian.")
    return found


def prepare(server: Postgres, scale: int) -> None:
    """Create pgbench's database: 100,000 accounts for each unit of scale."""
    with psycopg.connect(server.libpq_url("postgres"), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {DATABASE}".encode())
    _run([find_pgbench(), "--initialize", "--quiet", f"--scale={scale}"], server)


def run(server: Postgres, run_s: int) -> float:
    """Return the transactions a second of the TPC-B-like script."""
    printed = _run([find_pgbench(), *_shape(run_s)], server)
    found = _TPS.search(printed)
    if found is None:
        raise BenchFailed(f"pgbench has failed: {printed}")
    return float(found.group(1))


def command_of(run_s: int, scale: int) -> str:
    """Return how it is run."""
    return f"pgbench -i -s {scale}; pgbench {' '.join(_shape(run_s))}"


def _shape(run_s: int) -> list[str]:
    return ["-n", "-c", str(CLIENTS), "-j", str(THREADS), "-T", str(run_s)]


def _run(command: list[str], server: Postgres) -> str:
    done = subprocess.run(
        [*command, server.libpq_url(DATABASE)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BenchFailed(f"pgbench has failed: {done.stderr}")
    return done.stdout
