"""The web processes: granian's WSGI workers, each with a service of its own.

Metrics of all processes are gathered from files in PROMETHEUS_MULTIPROC_DIR, which has to be set
and emptied before anything counts.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, Final

from wallet.config import Settings

METRICS_DIR: Final = "PROMETHEUS_MULTIPROC_DIR"
STOP_TIMEOUT_S: Final = 30
POLL_S: Final = 0.25
GC_THRESHOLD: Final = 50_000

Application = Callable[..., Any]


def serve(settings: Settings, database_url: str, redis_url: str) -> None:
    """Serve until SIGTERM or SIGINT; a web process that dies is started again.

    All code is loaded here, once: the processes that are forked from this one share it, and begin
    at once.
    """
    with metrics_directory():
        import_module(
            "wallet.running.application"
        )  # not before there is a directory for its metrics
        gc.freeze()
        loader = partial(load, settings, database_url, redis_url, os.getpid())
        serve_application(settings, loader, interface="asginl")


def serve_application(
    settings: Settings, loader: Callable[[], Application], *, interface: str
) -> None:
    """Serve what `loader` returns, which is called in each web process."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    Granian(
        "kibubu",
        address=settings.http_host,
        port=settings.http_port,
        interface=Interfaces(interface),
        workers=settings.web_processes,
        blocking_threads=settings.web_threads if interface == "wsgi" else None,
        websockets=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_TIMEOUT_S,
    ).serve(target_loader=loader, wrap_loader=False)


def load(settings: Settings, database_url: str, redis_url: str, parent: int) -> Application:
    """Return the application of one web process; called in that process."""
    from wallet.running.application import create_app, on_loop
    from wallet.service import Service
    from wallet.web.logs import configure_logging

    configure_logging()
    stop_with_parent(parent)
    service = Service.start(settings, database_url=database_url, redis_url=redis_url)
    Finalize(None, service.close, exitpriority=1)  # forked processes run no atexit
    app = on_loop(create_app(service))
    # What is loaded now stays; a batch makes thousands of objects that die with it, uncollected.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    return app


@contextmanager
def metrics_directory() -> Iterator[Path]:
    """An empty folder for the counters; removed afterwards where it is ours."""
    named = os.environ.get(METRICS_DIR)
    folder = Path(named) if named else Path(tempfile.mkdtemp(prefix="kibubu-metrics-"))
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob("*.db"):  # of processes that are no more
        left.unlink()
    os.environ[METRICS_DIR] = str(folder)
    try:
        yield folder
    finally:
        if not named:
            shutil.rmtree(folder, ignore_errors=True)


def stop_with_parent(parent: int) -> None:
    """Stop, as if asked to, once the process that started us is gone: nobody else would do it."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(POLL_S)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
