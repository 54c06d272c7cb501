"""The town's servers and processes: started in order, stopped in order, nothing left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import httpx
from rich.console import Console

from wallet.config import Settings
from wallet.running.embedded import EmbeddedServices
from wallet.running.supervisor import Kept, Supervisor
from wallet.running.town.state import Addresses, record

READY_TIMEOUT_S: Final = 60.0
POLL_S: Final = 0.05
LOG_LINES: Final = 15


class CannotRun(Exception):
    """The town could not be started, or one of its processes ended; the message says why."""


class Child:
    """One of our own commands in a process of its own; its output goes to a log file."""

    def __init__(self, name: str, folder: Path, env: Mapping[str, str]) -> None:
        command = [sys.executable, "-m", "wallet.running.cli", name, "--parent", str(os.getpid())]
        with log_file(folder, name).open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 -- our own command
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in our terminal reaches us alone: we stop it
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exitcode(self) -> int | None:
        return self._process.returncode

    @property
    def sentinel(self) -> int:
        raise NotImplementedError  # the town looks now and then: nobody waits for this

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        """`kill -9`, its children included."""
        os.killpg(self._process.pid, signal.SIGKILL)

    def join(self, timeout: float | None = None) -> None:
        self._process.wait(timeout)

    def close(self) -> None:
        """Nothing is left of it but its log."""


@dataclass(frozen=True, slots=True)
class Running:
    """A town's addresses, its web and its worker process."""

    addresses: Addresses
    supervisor: Supervisor

    def keep(self) -> None:
        """Start again what has ended."""
        self.supervisor.look(time.monotonic())

    def check(self) -> None:
        """Raise `CannotRun` where a process has ended, with the end of its log."""
        for kept in self.supervisor.all:
            process = kept.process
            if process is not None and not process.is_alive():
                ended = f"{kept.name} ended with status {process.exitcode}:"
                raise CannotRun("\n".join([ended, *self.last_lines(kept.name)]))

    def last_lines(self, name: str) -> list[str]:
        """Return the end of a process's log."""
        text = log_file(Path(self.addresses.folder), name).read_text(errors="replace")
        return text.splitlines()[-LOG_LINES:]


def log_file(folder: Path, name: str) -> Path:
    """Return where the output of one of our commands goes."""
    return folder / f"{name}.log"


@contextmanager
def doing(console: Console, what: str) -> Iterator[None]:
    """Say what takes a while, and how long it took."""
    console.print(f"[dim]{what} ...[/]", end=" ")
    started = time.monotonic()
    try:
        yield
    except BaseException:
        console.print()
        raise
    console.print(f"[dim]{time.monotonic() - started:.1f} s[/]")


@contextmanager
def servers(console: Console, settings: Settings, port: int) -> Iterator[Addresses]:
    """Fresh private servers with an up-to-date schema; stopped and removed on leaving."""
    with ExitStack() as stack:
        with doing(console, "Starting PostgreSQL and Valkey"):
            services = stack.enter_context(EmbeddedServices.start(name="town"))
        with doing(console, "Creating the tables"):
            services.migrate()
        yield Addresses(
            folder=str(services.folder),
            database_url=services.database_url,
            owner_url=services.owner_url,
            redis_url=services.redis_url,
            http_url=f"http://{settings.http_host}:{port}",
        )


@contextmanager
def processes(console: Console, addresses: Addresses) -> Iterator[Running]:
    """Web and worker beside these servers, ready to be called; stopped on leaving."""
    folder, env = Path(addresses.folder), environment(addresses)
    supervisor = Supervisor(
        [[Kept(name, partial(Child, name, folder, env)) for name in ("worker", "serve")]]
    )
    running = Running(addresses, supervisor)
    try:
        with doing(console, "Starting web and worker"):
            running.keep()
            wait_until_ready(running)
        record(addresses)
        yield running
    finally:
        supervisor.stop()


def environment(addresses: Addresses) -> dict[str, str]:
    """Return what the town's processes are told."""
    return os.environ | {
        "DATABASE_URL": addresses.database_url,
        "REDIS_URL": addresses.redis_url,
        "KIBUBU_BANK_DIR": str(addresses.bank_dir),
        "KIBUBU_HTTP_PORT": addresses.port,
        "PROMETHEUS_MULTIPROC_DIR": f"{addresses.folder}/metrics",
    }


def wait_until_ready(running: Running) -> None:
    """Return once the web process takes requests."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    with httpx.Client(base_url=running.addresses.http_url, trust_env=False) as client:
        while True:
            running.check()
            try:
                if client.get("/health/ready").is_success:
                    return
            except httpx.TransportError:
                pass
            if time.monotonic() > deadline:
                raise CannotRun(f"web was not ready within {READY_TIMEOUT_S:.0f} seconds")
            time.sleep(POLL_S)


def check_port(host: str, port: int) -> None:
    """Raise `CannotRun` where somebody listens on the port already.

    The web server would share the port with whoever it is, and each would get half the requests.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotRun(
                f"Cannot listen on {host}:{port}: {error.strerror}. "
                "Choose another port with KIBUBU_HTTP_PORT."
            ) from error


def free_port(host: str) -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
