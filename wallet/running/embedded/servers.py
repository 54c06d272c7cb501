"""One PostgreSQL or Valkey process: started, stopped, killed, started again on its data."""

import os
import pwd
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

import psutil
import psycopg
import redis

from wallet.running.embedded.directories import kill_tree
from wallet.running.embedded.programs import CannotStart

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0
POLL_S = 0.01
DATABASE = "kibubu"
OWNER = "postgres"  # of the cluster and of all tables: makes and migrates them
APPLICATION = "kibubu_app"  # serves, with the rights of migrations/grants.sql

POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",  # trust stands for: whoever may open the socket
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
}
# For tests: what a crash of the machine would lose is deleted a moment later anyway.
FORGETFUL_SETTINGS = {"fsync": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a server runs as; None means whoever we are."""

    uid: int | None = None
    gid: int | None = None

    @classmethod
    def for_postgres(cls) -> Self:
        if os.geteuid() != 0:
            return cls()
        with suppress(KeyError):
            nobody = pwd.getpwnam("nobody")
            return cls(nobody.pw_uid, nobody.pw_gid)
        return cls(65534, 65534)  # a system without a user list

    def own(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def spawn(self, command: list[str], folder: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a process that Ctrl-C in our terminal does not reach: we stop it, in order."""
        return subprocess.Popen(
            command,
            cwd=folder,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            user=self.uid,
            group=self.gid,
            extra_groups=None if self.uid is None else [],
        )


class Server:
    """One server process: started, stopped, killed and started again on the same data."""

    name = "server"

    def __init__(self, folder: Path, account: Account) -> None:
        self.folder = folder
        self.account = account
        self.log = folder.with_suffix(".log")  # beside it: the folder may be nobody's
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(mode=0o700)
        account.own(folder)

    def command(self) -> list[str]:
        raise NotImplementedError

    def ping(self) -> None:
        """Return if the server answers, raise if it does not yet."""
        raise NotImplementedError

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} is not running"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start and wait until it answers."""
        assert not self.is_running, f"{self.name} is running already"
        with self.log.open("ab") as log:
            process = self._process = self.account.spawn(self.command(), self.folder, log)
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                return self.ping()
            except (psycopg.OperationalError, redis.ConnectionError) as error:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise CannotStart(self._complaint()) from error
            time.sleep(POLL_S)

    def _complaint(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-10:]
        return "\n".join([f"{self.name} did not start:", *lines])

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to stop and wait; a server that does not listen is killed."""
        if self._process is None:
            return
        try:
            self._process.send_signal(how)
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
        except BaseException:  # a second Ctrl-C: leave no process behind
            self.kill()
            raise
        self._process = None

    def kill(self) -> None:
        """`kill -9`, children included: what a crash of the machine does to it."""
        if self._process is None:
            return
        kill_tree(psutil.Process(self._process.pid))
        self._process.wait()
        self._process = None

    def restart(self) -> None:
        """Stop it if it runs, and start it on the same data."""
        self.stop()
        self.start()


class Postgres(Server):
    """PostgreSQL on a socket in its folder; `start` creates the cluster the first time."""

    name = "PostgreSQL"

    def __init__(self, folder: Path, account: Account, programs: Path, *, durable: bool) -> None:
        super().__init__(folder, account)
        self.data = folder / "data"
        self.settings = POSTGRES_SETTINGS if durable else POSTGRES_SETTINGS | FORGETFUL_SETTINGS
        self.programs = programs

    def command(self) -> list[str]:
        settings = self.settings | {"unix_socket_directories": str(self.folder)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.programs / "postgres"), "-D", str(self.data), *options]

    def start(self) -> None:
        is_new = not self.data.exists()
        if is_new:
            self._create_cluster()
        super().start()
        if is_new:
            with psycopg.connect(self.libpq_url("postgres"), autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {DATABASE}".encode())
                connection.execute(f"CREATE ROLE {APPLICATION} LOGIN".encode())

    def _create_cluster(self) -> None:
        command = [str(self.programs / "initdb"), "-D", str(self.data), "-U", OWNER]
        command += ["--auth=trust", "--encoding=UTF8", "--no-sync", "--locale=C"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        with self.log.open("ab") as log:
            creating = self.account.spawn(command, self.folder, log)
        try:
            if creating.wait(START_TIMEOUT_S) != 0:
                raise CannotStart(self._complaint())
        finally:
            creating.kill()
            creating.wait()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop without waiting for clients to leave."""
        super().stop(how)

    def ping(self) -> None:
        psycopg.connect(self.libpq_url("postgres"), connect_timeout=5).close()

    def libpq_url(self, database: str = DATABASE, role: str = OWNER) -> str:
        """For psql and pgbench."""
        return f"postgresql://{role}@/{database}?host={self.folder}"

    def url(self, database: str = DATABASE, role: str = OWNER) -> str:
        """For SQLAlchemy."""
        return self.libpq_url(database, role).replace("postgresql:", "postgresql+psycopg:", 1)


class Valkey(Server):
    """Valkey that keeps everything in memory: what it holds may be lost."""

    name = "Valkey"

    def __init__(self, folder: Path, account: Account, program: Path) -> None:
        super().__init__(folder, account)
        self.socket = folder / "valkey.sock"
        self.program = program

    def command(self) -> list[str]:
        settings = {"port": "0", "unixsocket": str(self.socket), "unixsocketperm": "700"}
        settings |= {"dir": str(self.folder), "save": "", "appendonly": "no"}
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return [str(self.program), *options]

    def ping(self) -> None:
        with redis.Redis.from_url(self.url()) as client:
            client.ping()

    def url(self) -> str:
        return f"unix://{self.socket}"
