"""What is measured: one Postgres, set up as its operator would, and web servers beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import psutil
import psycopg

from bench.wrk import BenchFailed
from wallet.running.embedded import EmbeddedServices

READY_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 40.0
POLL_S: Final = 0.05
LOG_LINES: Final = 15
HOST: Final = "127.0.0.1"
ENVIRONMENT: Final = {"KIBUBU_ENV": "development", "KIBUBU_MARKET": "KE", "KIBUBU_HTTP_HOST": HOST}
ROOT: Final = Path(__file__).parent.parent

MUST_BE_ON: Final = ("fsync", "synchronous_commit", "full_page_writes")


def tuned(memory_bytes: int) -> dict[str, str]:
    """Return the settings that differ from PostgreSQL's own, for a machine that does only this.

    A quarter of the memory for shared buffers is its manual's advice. Checkpoints half an hour
    apart are usual for a busy server; the bench begins after one and is over before the next.
    """
    megabytes = memory_bytes >> 20
    return {
        "shared_buffers": f"{megabytes // 4}MB",
        "effective_cache_size": f"{megabytes // 2}MB",
        "checkpoint_timeout": "30min",
        "min_wal_size": "2GB",
        "max_wal_size": "16GB",
    }


@contextmanager
def servers() -> Iterator[EmbeddedServices]:
    """A tuned, durable Postgres and a Valkey; stopped and removed on leaving."""
    with EmbeddedServices.start(durable=True, name="bench") as services:
        postgres = services.postgres
        postgres.settings = postgres.settings | tuned(psutil.virtual_memory().total)
        postgres.restart()
        check_durable(services.libpq_url)
        yield services


def check_durable(libpq_url: str) -> None:
    """Raise `BenchFailed` where a commit might be lost: such figures are worth nothing."""
    with psycopg.connect(libpq_url) as connection:
        for name in MUST_BE_ON:
            row = connection.execute(f"SHOW {name}".encode()).fetchone()
            if row != ("on",):
                raise BenchFailed(f"{name} is off: nothing is measured like that")


@contextmanager
def web(command: list[str], log: Path, env: dict[str, str]) -> Iterator[int]:
    """Run a web server of ours in a process group of its own: its id. Stop it on leaving."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=os.environ | ENVIRONMENT | env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process.pid
        if process.poll() is not None:
            raise BenchFailed(f"a web server ended with status {process.returncode}: {_end(log)}")
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def await_answer(url: str, log: Path) -> None:
    """Return once a server answers below 500."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            if httpx.get(url, trust_env=False).status_code < 500:
                return
        except httpx.TransportError:
            pass
        time.sleep(POLL_S)
    raise BenchFailed(f"{url} does not answer: {_end(log)}")


def _end(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-LOG_LINES:])
