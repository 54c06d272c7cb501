"""The machine that the figures are of: without it they say nothing."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path
from statistics import median
from typing import Final

import psutil
import psycopg

from bench.servers import ENVIRONMENT, tuned
from wallet.running.embedded import EmbeddedServices
from wallet.running.settings import read_settings

SYNCS: Final = 20
PAGE_BYTES: Final = 8192


def facts(services: EmbeddedServices) -> dict[str, str]:
    """Return what somebody would want to know of the machine and the servers."""
    memory = psutil.virtual_memory().total
    settings = read_settings(os.environ | ENVIRONMENT)
    with psycopg.connect(services.libpq_url) as connection:
        version = str(connection.info.server_version)
    return {
        "Processor": f"{os.cpu_count()} x {_processor()}",
        "Memory": f"{memory / 2**30:.0f} GiB",
        "System": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "Disk": f"{_file_system(services.folder)}, {_sync_ms(services.folder):.2f} ms a sync",
        "PostgreSQL": f"{version[:-4]}.{int(version[-4:])}, "
        + ", ".join(f"{name}={value}" for name, value in tuned(memory).items()),
        "Web": f"{settings.web_processes} processes x {settings.web_threads} threads",
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo")
    if lines.exists():
        for line in lines.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _file_system(folder: Path) -> str:
    """Return what the data lie on; on a tmpfs a commit costs nothing, and it must be seen."""
    parts = [
        part for part in psutil.disk_partitions(all=True) if folder.is_relative_to(part.mountpoint)
    ]
    return max(parts, key=lambda part: len(part.mountpoint)).fstype if parts else "unknown"


def _sync_ms(folder: Path) -> float:
    """Return how long the disk takes to make a page durable, which bounds every commit."""
    path = folder / "sync"
    took_ms = []
    with path.open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            file.write(bytes(PAGE_BYTES))
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            took_ms.append(1000 * (time.perf_counter() - began))
    path.unlink()
    return median(took_ms)
