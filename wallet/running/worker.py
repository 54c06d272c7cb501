"""The worker: does what the rooms bring as `JOBS`.

Each job runs in a thread of its own, so one that fails or waits for somebody never stops the
others. Any number of workers may run at once and any may be killed anywhere: what they take up is
leased in Postgres. A worker that is asked to stop finishes its present steps first; one that dies
is started again (wallet/running/supervisor.py).
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Sequence
from typing import Final

from sms import outbox, reports
from wallet.config import Settings
from wallet.errors import Unavailable
from wallet.jobs import Job, Parts, Step
from wallet.rooms import brought
from wallet.running import rails
from wallet.service import Service

log = logging.getLogger(__name__)

FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 5.0


def jobs(settings: Settings) -> tuple[Job, ...]:
    """Return what a worker does; in development it is also the bank."""
    found = (*outbox.JOBS, *reports.JOBS, *rails.JOBS, *brought("jobs", "JOBS"))
    if settings.environment == "development":
        found += brought("jobs", "DEVELOPMENT_JOBS")
    return found


def keep_doing(name: str, step: Step, idle_s: float, stop: threading.Event) -> None:
    """Do a job's step until `stop` is set; a failure is logged and followed by a growing pause."""
    pause_s = FIRST_PAUSE_S
    while not stop.is_set():
        try:
            done = step()
        except Exception as error:  # whatever it is: a job that has stopped helps nobody
            known = isinstance(error, Unavailable)
            log.warning("%s failed, again in %s s: %s", name, pause_s, _told(error))
            if not known:
                log.debug("%s failed", name, exc_info=True)
            stop.wait(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            continue
        pause_s = FIRST_PAUSE_S
        if done == 0:
            stop.wait(idle_s)


def work(parts: Parts, todo: Sequence[Job], stop: threading.Event) -> None:
    """Do every job until `stop` is set and each has finished its present step."""
    threads = [
        threading.Thread(
            target=keep_doing, args=(job.name, job.start(parts), job.idle_s, stop), name=job.name
        )
        for job in todo
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def run(settings: Settings, database_url: str, redis_url: str) -> None:
    """Work until SIGTERM; a second one does not wait for the steps."""
    stop = threading.Event()

    def on_signal(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop.set()

    service = Service.start(settings, database_url=database_url, redis_url=redis_url)
    try:
        signal.signal(signal.SIGTERM, on_signal)
        log.info("the worker has started")
        work(service, jobs(settings), stop)
        log.info("the worker has stopped")
    finally:
        service.close()


def _told(error: Exception) -> str:
    """Name an error in one line: a driver's message goes on with the statement and its values."""
    first = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {first}"
