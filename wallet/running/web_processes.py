"""The web processes: granian's WSGI workers, each with a service of its own.

Metrics of all processes are gathered from files in PROMETHEUS_MULTIPROC_DIR, which has to be set
and emptied before anything counts.
"""

from __future__ import annotations

import gc
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from mmap import mmap
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, Final

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from wallet.config import Settings
from wallet.running.listening import BACKLOG, Port, WebProcess
from wallet.running.supervisor import Kept, Supervisor, forked
from wallet.web.logs import configure_logging

METRICS_DIR: Final = "PROMETHEUS_MULTIPROC_DIR"
GC_THRESHOLD: Final = 50_000
HEADERS_S: Final = 30
"""How long a connection may take to say what it wants, its first request or the next."""

Application = Callable[..., Any]


def serve(settings: Settings, database_url: str, redis_url: str) -> None:
    """Serve until SIGTERM or SIGINT; a web process that dies is started again.

    All code is loaded here, once: the processes that are forked from this one share it, and begin
    at once.
    """
    configure_logging()
    with metrics_directory():
        import_module(
            "wallet.running.application"
        )  # not before there is a directory for its metrics
        gc.freeze()
        loader = partial(load, settings, database_url, redis_url)
        serve_application(settings, loader, interface="asginl")


def serve_application(
    settings: Settings, loader: Callable[[], Application], *, interface: str
) -> None:
    """Serve what `loader` returns, which is called in each web process."""
    port = Port(settings.http_host, settings.http_port)

    def start(name: str) -> WebProcess:
        bound, serving = port.bound(), mmap(-1, 1)  # which the two processes share

        def run() -> None:
            port.leave_all_but(bound)
            serve_here(settings, loader, interface, bound, serving)

        return port.served_by(forked(name, run), bound, serving)

    names = [f"web-{number}" for number in range(1, settings.web_processes + 1)]
    try:
        Supervisor([[Kept(name, partial(start, name)) for name in names]], port.look).run()
    finally:
        port.close()


def serve_here(
    settings: Settings,
    loader: Callable[[], Application],
    interface: str,
    bound: socket.socket,
    serving: mmap,
) -> None:
    """Serve on a socket, in this very process, until SIGTERM; say so in the byte of `serving`."""

    def load_and_listen() -> Application:
        app = loader()
        bound.listen(BACKLOG)
        bound.setblocking(False)
        serving[0] = 1
        return app

    server = _WorkerHere(
        "kibubu",
        interface=Interfaces(interface),
        blocking_threads=settings.web_threads if interface == "wsgi" else None,
        backpressure=BACKLOG // settings.web_processes,
        http=HTTPModes.http1,  # to find out which version it is, granian would wait without end
        http1_settings=HTTP1Settings(header_read_timeout=HEADERS_S * 1000),
        websockets=False,
        log_level=LogLevels.warning,
    )
    server.bound = bound
    server.serve(target_loader=load_and_listen, wrap_loader=False)


class _WorkerHere(MPServer):
    """granian's worker in this process, without granian's supervisor: that one gives up."""

    bound: socket.socket

    def _serve(self, spawn_target: Callable[..., None], target_loader: Callable[..., Any]) -> None:
        self._ssp, self._sso = None, self.bound
        # Its stub knows neither how a socket is taken from us nor that one is there.
        self._shd = SocketHolder(self.bound.fileno(), False, BACKLOG)  # type: ignore[call-arg,assignment]
        worker = self._spawn_worker(0, spawn_target, target_loader)
        worker.inner.run()  # what it would do in a process of its own


def load(settings: Settings, database_url: str, redis_url: str) -> Application:
    """Return the application of one web process; called in that process."""
    from wallet.running.application import create_app, on_loop
    from wallet.service import Service

    configure_logging()
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
