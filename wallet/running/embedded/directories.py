"""Run directories of embedded servers: made, locked while alive, swept when their owner is gone.

They lie at `/tmp/kibubu-<uid>/<name>-<pid>-<random>`: short, because a socket's path may hold
about 100 characters, and closed to everybody else. A directory is alive while its owner holds the
lock on its `owner` file. The kernel lets go of that lock however the owner dies, so nothing has to
be guessed from process numbers, which are used again.
"""

import fcntl
import os
import re
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

PARENT = Path("/tmp")  # noqa: S108  # ownership of what we make there is checked
SERVER_PROGRAMS = {"initdb", "postgres", "valkey-server"}
DEATH_TIMEOUT_S = 5.0
POLL_S = 0.01


class UnsafeDirectory(Exception):
    """The directory of our run directories is not ours; somebody else put it there."""


def base_directory() -> Path:
    """Where this user's run directories are, made on first use."""
    base = PARENT / f"kibubu-{os.geteuid()}"
    # Root's servers run as nobody, who must get through, but need not see what is there.
    mode = 0o711 if os.geteuid() == 0 else 0o700
    with suppress(FileExistsError):
        base.mkdir(mode=0o700)
        base.chmod(mode)
    found = base.lstat()
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    if not is_ours or found.st_mode & 0o022:
        raise UnsafeDirectory(f"{base} exists but belongs to somebody else: remove it.")
    return base


@contextmanager
def run_directory(name: str) -> Iterator[Path]:
    """A fresh directory, removed on leaving together with any server still running in it."""
    assert re.fullmatch(r"[a-z0-9-]{1,20}", name), name
    base = base_directory()
    with (base / ".lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # no sweep sees a directory before it is locked
        sweep(base)
        folder = Path(tempfile.mkdtemp(prefix=f"{name}-{os.getpid()}-", dir=base))
        owner = (folder / "owner").open("w")
        fcntl.flock(owner, fcntl.LOCK_EX)
    try:
        if os.geteuid() == 0:
            folder.chmod(0o711)
        yield folder
    finally:
        remove(folder)
        owner.close()


def sweep(base: Path) -> None:
    """Remove what dead owners left behind, their servers first."""
    for folder in base.glob("*/"):
        if not is_alive(folder):
            remove(folder)


def is_alive(folder: Path) -> bool:
    """Whether a process still owns the directory."""
    try:
        with (folder / "owner").open() as owner:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def newest_alive() -> Path | None:
    """The run directory started last, of those still in use."""
    alive = [folder for folder in base_directory().glob("*/") if is_alive(folder)]
    return max(alive, key=lambda folder: folder.stat().st_ctime, default=None)


def remove(folder: Path) -> None:
    """Kill the servers that run in the directory, then delete it."""
    for process in servers_in(folder):
        kill_tree(process)
    shutil.rmtree(folder, ignore_errors=True)


def servers_in(folder: Path) -> list[psutil.Process]:
    """Server processes whose command line names the directory."""
    return [
        process
        for process in psutil.process_iter(["name", "cmdline"])
        if process.info["name"] in SERVER_PROGRAMS
        and any(f"{folder}/" in part for part in process.info["cmdline"] or ())
    ]


def kill_tree(process: psutil.Process) -> None:
    """`kill -9` a process and its children, and wait until they are gone."""
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        process.send_signal(signal.SIGSTOP)  # else it could start another child meanwhile
        family = [process, *process.children(recursive=True)]
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        deadline = time.monotonic() + DEATH_TIMEOUT_S
        while any(_lives(member) for member in family) and time.monotonic() < deadline:
            time.sleep(POLL_S)


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
