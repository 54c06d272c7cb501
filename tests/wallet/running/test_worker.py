"""The worker: its loop by itself, and whole processes of it on servers that are killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from tests.town import Town, started
from wallet.clock import SystemClock
from wallet.errors import Unavailable
from wallet.jobs import Job
from wallet.running.books import check_books
from wallet.running.worker import jobs, keep_doing, work

PATIENCE_S = 40


def until(what):
    """Ask until it is so; how long it takes is not what is tested."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            if what():
                return
        except OperationalError:
            pass  # the server is away just now
        time.sleep(0.05)
    raise AssertionError("it never came to be so")


def a_job(step):
    return Job(step.__name__, lambda _: step, 0.0)


def test_a_job_that_fails_is_tried_again():
    stop, tries = threading.Event(), []

    def step():
        tries.append(1)
        if len(tries) < 3:
            raise Unavailable("not yet")
        stop.set()
        return 1

    keep_doing("failing", step, 0.0, stop)
    assert len(tries) == 3


def test_a_job_that_fails_or_hangs_never_stops_the_others(service):
    stop, done, hanging = threading.Event(), [], threading.Event()

    def fail():
        raise RuntimeError("a defect")

    def hang():
        hanging.wait(PATIENCE_S)
        return 0

    def count():
        done.append(1)
        if len(done) == 5:
            stop.set()
            hanging.set()
        return 1

    work(service, [a_job(fail), a_job(hang), a_job(count)], stop)
    assert len(done) == 5


def test_a_worker_asked_to_stop_finishes_its_present_step(service):
    stop, events = threading.Event(), []

    def step():
        stop.set()  # asked in the middle of it
        events.append("finished")
        return 1

    work(service, [a_job(step)], stop)
    assert events == ["finished"]


def test_what_an_error_says_of_values_is_not_logged(caplog):
    stop = threading.Event()

    def step():
        stop.set()
        raise ValueError("cannot insert\nDETAIL: Key (msisdn)=(+254711000001) exists")

    keep_doing("leaking", step, 0.0, stop)
    assert "cannot insert" in caplog.text
    assert "+254711000001" not in caplog.text


def test_the_bank_stands_in_for_one_in_development_only(service):
    assert "the bank" in {job.name for job in jobs(service.settings)}
    production = replace(service.settings, environment="production")
    assert "the bank" not in {job.name for job in jobs(production)}


def test_every_job_finds_nothing_to_do_in_an_empty_town(service, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    todo = jobs(service.settings)
    assert {job.name: job.start(service)() for job in todo} == {job.name: 0 for job in todo}


# Whole processes ---------------------------------------------------------------------------------


@contextmanager
def workers(services, folder, number=1, redis_url=None):
    """Run `kibubu worker` that many times; whoever still runs at the end is killed."""
    env = os.environ | {
        "DATABASE_URL": services.database_url,
        "REDIS_URL": redis_url or services.redis_url,
        "KIBUBU_BANK_DIR": str(folder / "bank"),
    }
    running = []
    try:
        for each in range(number):
            with (folder / f"worker-{each}.log").open("wb") as log:
                running.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "wallet.running.cli", "worker"],
                        env=env, stdout=log, stderr=log,
                    )
                )  # fmt: skip
        yield running
    finally:
        for process in running:
            process.kill()
            process.wait()


@pytest.fixture
def live(own_services):
    """A town on servers of its own, by the real clock."""
    own_services.migrate()
    with started(own_services.database_url, own_services.redis_url, SystemClock()) as service:
        yield Town(service)


def count(town, query):
    with town.service.engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()


QUEUED = "SELECT count(*) FROM texts WHERE state = 'queued'"
HELD = "SELECT count(*) FROM contracts WHERE closed_at IS NULL"
UNPAID = "SELECT count(*) FROM payouts WHERE state <> 'paid'"
RELEASES = "SELECT count(*) FROM postings WHERE kind = 'release_due'"


def a_days_business(town, contracts=3):
    """Payments that fall due within a second, and a payout; each tells somebody by SMS."""
    payer = town.person(balance=1_000_000)
    merchant, other = town.merchant(period_s=1), town.merchant(period_s=0)
    for _ in range(contracts):
        town.hold(payer, merchant, 1_000)
    town.pay(payer, other, 50_000)
    town.payout(other, 20_000)


def all_done(town):
    """The texts are counted last: they come with what else is done."""
    return [count(town, query) for query in (HELD, UNPAID, QUEUED)] == [0, 0, 0]


def test_a_worker_does_everything_and_stops_when_asked(live, own_services, tmp_path):
    a_days_business(live)
    with workers(own_services, tmp_path) as [worker]:
        until(lambda: all_done(live))
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(PATIENCE_S) == 0
    assert check_books(live.service.engine) == []


def test_a_worker_outlives_a_restart_of_postgres_and_the_loss_of_valkey(
    live, own_services, tmp_path
):
    with workers(own_services, tmp_path) as [worker]:
        a_days_business(live)
        until(lambda: all_done(live))
        own_services.valkey.kill()
        own_services.postgres.kill()
        own_services.postgres.start()
        until(lambda: count(live, QUEUED) == 0)  # our own pool too has noticed by then
        a_days_business(live)
        until(lambda: all_done(live))
        assert worker.poll() is None
    assert check_books(live.service.engine) == []


def kill_working(worker):
    """`kill -9` of the process that does the work of a `kibubu worker`."""
    for each in psutil.Process(worker.pid).children():
        each.kill()


def test_killed_workers_lose_nothing_and_release_nothing_twice(live, own_services, tmp_path):
    a_days_business(live, contracts=60)
    with workers(own_services, tmp_path, 3) as [first, second, _]:
        until(lambda: count(live, RELEASES) > 0)
        kill_working(first)
        kill_working(second)
        until(lambda: count(live, HELD) == 0)
    assert count(live, RELEASES) == 60
    assert check_books(live.service.engine) == []


def test_a_worker_killed_twice_in_a_moment_goes_on_working(live, own_services, tmp_path):
    with workers(own_services, tmp_path) as [worker]:
        children = psutil.Process(worker.pid).children
        for _ in range(2):
            until(children)
            kill_working(worker)
        a_days_business(live)
        until(lambda: all_done(live))
        assert worker.poll() is None
