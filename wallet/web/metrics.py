"""What Prometheus reads at /metrics, right also where several processes serve.

With PROMETHEUS_MULTIPROC_DIR set before this module is imported, each process keeps its numbers in
files of that folder and any of them sums up all; `kibubu serve` sets it, and empties the folder
when it starts. This is on the way of every payment, so a request is only added up in memory; what
has added up is handed to the library once a second, and when somebody asks.
"""

from __future__ import annotations

import atexit
import collections
import os
import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from wallet.web.routing import Routes

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

DIRECTORY: Final = "PROMETHEUS_MULTIPROC_DIR"
FLUSH_S: Final = 1
UNMATCHED: Final = "unmatched"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
LATENCIES_S: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 30)
BATCHES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)

REQUESTS: Final = Counter("kibubu_requests", "Requests answered.", ("method", "route", "status"))
SECONDS: Final = Histogram(
    "kibubu_request_seconds", "How long they took.", ("route",), buckets=LATENCIES_S
)
POSTINGS: Final = Counter("kibubu_postings", "Commands posted, by kind.", ("kind",))
BATCH: Final = Histogram(
    "kibubu_batch_commands", "Commands in one transaction of the poster.", buckets=BATCHES
)

blp = Routes("metrics", "/metrics", "Numbers for Prometheus.")


@blp.get("")
@blp.response(200, {"type": "string"}, content_type="text/plain")
def show_metrics() -> Response:
    """Requests by route and status, how long they took, postings by kind, sizes of batches"""
    return Response(exposition(), content_type=CONTENT_TYPE_LATEST)


def exposition() -> bytes:
    """Return the numbers of this process, or of all processes that share a folder."""
    flush()
    registry = REGISTRY
    if DIRECTORY in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def batch_posted(size: int, kinds: Sequence[str]) -> None:
    """Count a batch of the poster: how many commands it held, and the kinds it posted."""
    BATCH.observe(size)
    for kind, count in collections.Counter(kinds).items():
        POSTINGS.labels(kind).inc(count)


def measure(app: Flask) -> None:
    """Count and time every request of `app`, whatever becomes of it."""
    app.wsgi_app = _Measured(app.wsgi_app)  # type: ignore[method-assign,assignment]
    _keep_flushing()


class _Answered:
    """What requests of one method, route and status took, since it was last handed over."""

    __slots__ = ("buckets", "count", "sum_s")

    def __init__(self) -> None:
        self.count = 0
        self.sum_s: float = 0
        self.buckets = [0] * (len(LATENCIES_S) + 1)


_answered: Final[defaultdict[tuple[str, str, str], _Answered]] = defaultdict(_Answered)
_lock: Final = threading.Lock()


def note(method: str, route: str, status: str, took_s: float) -> None:
    """Count and time one request that was answered."""
    with _lock:
        found = _answered[(method, route, status)]
        found.count += 1
        found.sum_s += took_s
        found.buckets[bisect_left(LATENCIES_S, took_s)] += 1


def flush() -> None:
    """Hand over what was counted in this process."""
    with _lock:
        taken = list(_answered.items())
        _answered.clear()
    for (method, route, status), found in taken:
        REQUESTS.labels(method, route, status).inc(found.count)
        seconds = SECONDS.labels(route)
        # Its own `observe` takes one request at a time, under two locks.
        seconds._sum.inc(found.sum_s)  # noqa: SLF001
        for bucket, count in zip(seconds._buckets, found.buckets, strict=True):  # noqa: SLF001
            if count:
                bucket.inc(count)


@cache
def _keep_flushing() -> None:
    """Start the one thread of this process that flushes."""

    def run() -> None:
        while True:
            sleep(FLUSH_S)
            flush()

    threading.Thread(target=run, name="metrics", daemon=True).start()
    atexit.register(flush)


class _Measured:
    """A WSGI application around another, which learns the route while the answer begins.

    Afterwards Flask has let go of the request.
    """

    def __init__(self, inner: WSGIApplication) -> None:
        self._inner = inner

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        began = perf_counter()
        status, route = "500", UNMATCHED

        def noting(line: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[..., Any]:
            nonlocal status, route
            status = line[:3]
            route = UNMATCHED
            request = environ.get("werkzeug.request")
            if request is not None and request.url_rule is not None:
                route = request.url_rule.rule
            return start(line, headers, *rest)

        try:
            return self._inner(environ, noting)
        finally:
            method = environ["REQUEST_METHOD"]
            note(method if method in METHODS else "other", route, status, perf_counter() - began)
