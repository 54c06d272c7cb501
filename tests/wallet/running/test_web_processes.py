"""No number of deaths ends the web: real web processes, an application that only says its pid."""

import asyncio
import os
import socket
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread

import psutil
import pytest

from wallet.running.settings import read_settings
from wallet.running.supervisor import forked
from wallet.running.town.processes import free_port
from wallet.running.web_processes import serve_application

PATIENCE_S = 60


async def answer(scope, receive, send):
    """Say who answers; below `/slow` only once the file of that name is there."""
    await receive()
    if "slow" in scope["path"]:
        await asyncio.to_thread(until, Path(scope["path"]).exists)
    body = str(os.getpid()).encode()
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": body})


class Web:
    """What `kibubu serve` runs, around that application; `broken`: a file that lets none start."""

    def __init__(self, folder):
        self.broken = folder / "broken"
        self.port = free_port("127.0.0.1")
        settings = replace(read_settings({}), http_port=self.port, web_processes=2)
        run = partial(serve_application, settings, self._load, interface="asginl")
        self.process = forked("serve", run)
        until(lambda: len(self.serving()) == 2)

    def _load(self):
        if self.broken.exists():
            raise ImportError("no module named wallet")
        return answer

    def children(self):
        return psutil.Process(self.process.pid).children()

    def ask(self, path="/"):
        """Return who answers, on a connection of its own."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request("GET", path)
            return int(connection.getresponse().read())
        finally:
            connection.close()

    def serving(self):
        try:
            return {self.ask() for _ in range(20)}
        except OSError:
            return set()


def until(what):
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline, "it never came to be so"
        time.sleep(0.05)


@contextmanager
def running(folder):
    web = Web(folder)
    try:
        yield web
    finally:
        web.process.kill()
        web.process.join()


@pytest.fixture(scope="module")
def one_web(tmp_path_factory):
    with running(tmp_path_factory.mktemp("web")) as web:
        yield web


@pytest.fixture
def web(one_web):
    """The same all along; both of its processes serve."""
    until(lambda: len(one_web.serving()) == 2)
    return one_web


def test_callers_are_shared_out_among_all_processes(web):
    assert web.serving() == {each.pid for each in web.children()}


def test_all_processes_killed_again_and_again_are_a_wait_and_never_an_error(web):
    seen = set()
    for _ in range(5):
        until(lambda: len(web.children()) == 2)
        killed = web.children()
        for each in killed:
            each.kill()
        until(lambda killed=killed: all(map(is_dead, killed)))  # one that dies still takes callers
        seen |= {web.ask() for _ in range(4)}
    assert len(seen) >= 5
    assert web.process.is_alive()


def test_one_process_killed_twice_in_a_moment_leaves_the_other_serving(web):
    _, second = web.children()
    for _ in range(2):
        until(lambda: len(web.children()) == 2)
        (dead,) = {*web.children()} - {second}
        dead.kill()
        until(lambda dead=dead: dead not in web.children())
        until(lambda: second.pid in web.serving())
    until(lambda: web.serving() == {each.pid for each in web.children()})
    assert second in web.children()


def test_a_process_that_cannot_start_leaves_all_callers_to_the_other(web):
    first, second = web.children()
    web.broken.touch()
    first.kill()
    until(lambda: not first.is_running())
    until(lambda: web.serving() == {second.pid})
    web.broken.unlink()
    until(lambda: len(web.serving()) == 2)


def test_where_none_can_start_callers_wait_until_one_can(tmp_path):
    with running(tmp_path) as web:  # its processes have died as often as each other
        _wait_for_one(web)


def _wait_for_one(web):
    web.broken.touch()
    killed = web.children()
    for each in killed:
        each.kill()
    until(lambda: all(map(is_dead, killed)))
    heard = []
    caller = Thread(target=lambda: heard.append(web.ask()))
    caller.start()
    until(lambda: not web.children())  # they have tried, and wait to try again
    assert heard == []
    web.broken.unlink()
    caller.join(PATIENCE_S)
    assert len(heard) == 1


def test_asked_to_stop_it_answers_who_was_heard_and_refuses_who_comes_then(tmp_path):
    with running(tmp_path) as web:
        heard = []
        caller = Thread(target=lambda: heard.append(web.ask(f"{tmp_path}/slow")))
        caller.start()
        connected = psutil.Process(web.process.pid)
        until(lambda: any(each.net_connections() for each in connected.children()))
        time.sleep(0.2)  # the request follows its connection
        web.process.terminate()
        until(lambda: is_refused(web.port))
        assert heard == []
        (tmp_path / "slow").touch()
        caller.join(PATIENCE_S)
        assert len(heard) == 1
        web.process.join(PATIENCE_S)
        assert web.process.exitcode == 0


def is_dead(process):
    """Whether its last thread has ended: until then it may take a caller, who is cut off."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
    except psutil.NoSuchProcess:
        return True


def is_refused(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return True
    return False
