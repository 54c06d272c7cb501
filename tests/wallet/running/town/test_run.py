"""`kibubu town` as a process: what it prints works, and it leaves nothing behind."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx
import psutil

from wallet.running.embedded.directories import base_directory, is_alive
from wallet.running.town.processes import free_port

PATIENCE_S = 60
KIBUBU = [sys.executable, "-m", "wallet.running.cli"]


@contextmanager
def running_town(folder, **settings):
    """A town on a free port; killed at the end where it still runs."""
    port = free_port("127.0.0.1")
    env = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    env |= {"KIBUBU_HTTP_PORT": str(port), "COLUMNS": "200"}  # there are other towns meanwhile
    env |= settings
    log = folder / "town.out"
    with log.open("wb") as out:
        process = subprocess.Popen([*KIBUBU, "town"], env=env, stdout=out, stderr=subprocess.STDOUT)
    try:
        until(lambda: "Ctrl-C stops everything" in log.read_text() or process.poll() is not None)
        yield Town(process, f"http://127.0.0.1:{port}", log, env)
    finally:
        process.kill()
        process.wait()


class Town:
    """A town that runs, and what it has printed."""

    def __init__(self, process, url, log, env):
        self.process, self.url, self.env = process, url, env
        self.printed = log.read_text()
        self.family = psutil.Process(process.pid).children(recursive=True)
        self.folder = next(
            folder
            for folder in base_directory().glob("town-*")
            if f"-{process.pid}-" in folder.name
        )

    def says(self, *command):
        """Run another of our commands, in another terminal as it were."""
        return subprocess.run(
            [*KIBUBU, *command], env=self.env, capture_output=True, text=True, check=False
        )

    def pasted(self, path):
        """Run the printed curl command that calls `path`."""
        found = re.search(
            rf"^curl -s '?{self.url}{path}.*?(?=\n\n)", self.printed, re.MULTILINE | re.DOTALL
        )
        assert found is not None, path
        ours = found[0].replace("$(", f"$({sys.executable} -m wallet.running.cli ", 1)
        ours = re.sub(r"wallet\.running\.cli \S+ token", "wallet.running.cli token", ours)
        pasted = subprocess.run(
            ["sh", "-c", ours], env=self.env, capture_output=True, text=True, check=True
        )
        return pasted.stdout


def until(what):
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_the_town_prints_works_and_ctrl_c_leaves_nothing_behind(tmp_path):
    with running_town(tmp_path) as town:
        assert "Wanjiru Kamau" in town.printed
        assert httpx.get(f"{town.url}/docs", trust_env=False, follow_redirects=True).is_success
        assert town.says("check-books").returncode == 0
        if shutil.which("curl"):
            sent = town.pasted("/v1/sends")
            assert '"kind":"send"' in sent
            assert town.pasted("/v1/sends") == sent
            assert '"contract"' in town.pasted("/v1/payments")
            assert '"rate"' in town.pasted("/v1/quotes")
            assert town.pasted("/ussd/africastalking").startswith("CON Kibubu")
        town.process.send_signal(signal.SIGINT)
        assert town.process.wait(PATIENCE_S) == 0
        assert [each for each in town.family if each.is_running()] == []
        assert not town.folder.exists()


def test_a_town_that_is_killed_takes_its_processes_along(tmp_path):
    with running_town(tmp_path) as town:
        ours = [each for each in town.family if "wallet.running.cli" in " ".join(each.cmdline())]
        assert len(ours) >= 3  # web, its workers, the worker
        town.process.kill()
        until(lambda: not any(each.is_running() for each in ours))
        assert not is_alive(town.folder)  # nobody finds it any more; the next start sweeps it


def test_a_process_of_the_town_that_dies_is_started_again(tmp_path):
    with running_town(tmp_path) as town:
        for name in ("worker", "serve"):
            dead = command(town, name)
            dead.kill()
            until(lambda dead=dead, name=name: command(town, name) not in {None, dead})
        until(lambda: is_ready(town))
        assert town.process.poll() is None
        assert "was killed by SIGKILL" in (tmp_path / "town.out").read_text()


def command(town, name):
    """One of our commands that the town runs; None where it is not there just now."""
    children = psutil.Process(town.process.pid).children()
    return next((each for each in children if name in words(each)), None)


def words(process):
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def is_ready(town):
    try:
        return httpx.get(f"{town.url}/health/ready", trust_env=False).is_success
    except httpx.TransportError:
        return False
