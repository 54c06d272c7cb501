"""Private PostgreSQL and Valkey for development and tests, started from wheels.

Both listen on unix sockets in a run directory of their own, so nothing else on the machine can
collide with them, and nobody else can connect. Everything is removed when they stop, and what a
killed owner left behind is removed by the next start.

PostgreSQL refuses to run as root. Root therefore starts it as `nobody`, from a copy of the
programs in the run directory: the installed ones may lie below a private directory, which stays
private.

`python -m wallet.running.embedded COMMAND...` runs a command with DATABASE_URL, REDIS_URL and
KIBUBU_OWNER_DATABASE_URL set to a fresh pair; `python -m wallet.running.embedded psql` looks, as
the owner, into the pair that was started last.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from wallet.database import migrate
from wallet.running.embedded.directories import UnsafeDirectory, run_directory
from wallet.running.embedded.programs import (
    CannotStart,
    copied_postgres_programs,
    postgres_programs,
    valkey_program,
)
from wallet.running.embedded.servers import APPLICATION, OWNER, Account, Postgres, Valkey

__all__ = [
    "APPLICATION",
    "OWNER",
    "CannotStart",
    "EmbeddedServices",
    "Postgres",
    "UnsafeDirectory",
    "Valkey",
]


@dataclass(frozen=True, slots=True)
class EmbeddedServices:
    """Both servers; leaving the `with` block stops them and removes every trace."""

    folder: Path
    postgres: Postgres
    valkey: Valkey

    @classmethod
    @contextmanager
    def start(cls, *, durable: bool = True, name: str = "dev") -> Iterator[Self]:
        """Start both. `durable=False` skips fsync; `name` shows in the run directory's name."""
        with ExitStack() as stack:
            folder = stack.enter_context(run_directory(name))
            account = Account.for_postgres()
            programs = (
                postgres_programs() if account.uid is None else copied_postgres_programs(folder)
            )
            postgres = Postgres(folder / "pg", account, programs, durable=durable)
            valkey = Valkey(folder / "valkey", Account(), valkey_program())
            for server in (postgres, valkey):
                stack.callback(server.stop)
                server.start()
            yield cls(folder, postgres, valkey)

    @property
    def database_url(self) -> str:
        """For what serves: the application's role, which no table belongs to."""
        return self.postgres.url(role=APPLICATION)

    @property
    def owner_url(self) -> str:
        """For what makes and migrates tables."""
        return self.postgres.url()

    def migrate(self) -> None:
        """Bring the schema up to date, and let the application in."""
        migrate(self.owner_url, application=APPLICATION)

    @property
    def libpq_url(self) -> str:
        """The owner's, for psql."""
        return self.postgres.libpq_url()

    @property
    def redis_url(self) -> str:
        return self.valkey.url()
