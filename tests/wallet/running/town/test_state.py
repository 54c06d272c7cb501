"""How other commands find a running town."""

import fcntl
from contextlib import contextmanager

import pytest

from wallet.running.town import state
from wallet.running.town.state import Addresses, find, record


@pytest.fixture
def base(tmp_path, monkeypatch):
    """Where the run directories are; other tests have towns of their own."""
    monkeypatch.setattr(state, "base_directory", lambda: tmp_path)
    return tmp_path


@contextmanager
def town(base, name, port):
    folder = base / name
    folder.mkdir()
    with (folder / "owner").open("w") as owner:
        fcntl.flock(owner, fcntl.LOCK_EX)
        record(Addresses(str(folder), "", "", "", f"http://127.0.0.1:{port}"))
        yield


def test_the_town_that_was_started_last_is_found(base):
    with town(base, "b", 8001), town(base, "a", 8002):
        newest = find()
        assert newest is not None
        assert newest.port == "8002"


def test_of_two_towns_the_one_on_the_port_is_found(base):
    with town(base, "b", 8001), town(base, "a", 8002):
        asked = find("8001")
        assert asked is not None
        assert asked.port == "8001"
        assert find("8003") is None


def test_a_town_that_was_killed_is_not_found(base):
    with town(base, "a", 8001):
        pass
    assert find() is None
