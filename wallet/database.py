"""The database: one engine per process, and the schema brought up to date.

PostgreSQL is the only dialect. READ COMMITTED is enough because the ledger takes its row locks
before it reads; durability (`synchronous_commit`) stays whatever the server says.
"""

from __future__ import annotations

import logging
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, TextClause, create_engine, text
from sqlalchemy.engine import URL, Connection, make_url

if TYPE_CHECKING:
    from alembic.config import Config

log = logging.getLogger(__name__)

# Any fixed number: two releases that start together then migrate one after the other.
MIGRATION_LOCK = text("SELECT pg_advisory_xact_lock(7212016)")

KNOWN_ROLE = text("""
    SELECT current_user::text, EXISTS (SELECT FROM pg_roles WHERE rolname = :role)
""")
NAME_APPLICATION = text("SELECT set_config('kibubu.application', :role, true)")
# Null where the tables are not made yet.
WALL_IS_OPEN = text("""
    SELECT current_user::text,
           has_table_privilege(to_regclass('entries'), 'UPDATE, DELETE, TRUNCATE, TRIGGER')
           OR has_any_column_privilege(to_regclass('entries'), 'UPDATE')
           OR has_column_privilege(to_regclass('accounts'), 'balance_minor', 'UPDATE')
""")

CONNECT_TIMEOUT_S = 10


def database_address(url: str) -> URL:
    """The address with our driver in it: platforms hand out `postgres://` and `postgresql://`."""
    address = make_url(url)
    if address.drivername in {"postgres", "postgresql"}:
        return address.set(drivername="postgresql+psycopg")
    if address.drivername != "postgresql+psycopg":
        raise ValueError(f"DATABASE_URL must be a postgresql:// address, not {address.drivername}")
    return address


def make_engine(url: str, *, pool_size: int = 10) -> Engine:
    """An engine whose pool notices a restarted server before it hands out a dead connection."""
    return create_engine(
        database_address(url),
        isolation_level="READ COMMITTED",
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        connect_args={
            "application_name": "kibubu",
            "connect_timeout": CONNECT_TIMEOUT_S,
            "options": "-c timezone=UTC",
        },
    )


_READERS: WeakKeyDictionary[Engine, Engine] = WeakKeyDictionary()


@cache
def _parsed(statement: str) -> TextClause:
    return text(statement)


def read(engine: Engine, statement: str, **named: object) -> list[tuple[Any, ...]]:
    """Return the rows of one written-out SELECT.

    One statement is one snapshot: it needs no transaction, nor the round trips of one.
    """
    reader = _READERS.get(engine)
    if reader is None:
        reader = _READERS[engine] = engine.execution_options(isolation_level="AUTOCOMMIT")
    with reader.connect() as connection:
        return [tuple(row) for row in connection.execute(_parsed(statement), named)]


def migration_config() -> Config:
    """Alembic's settings, found beside the installed `migrations` package, not the caller's cwd."""
    from alembic.config import Config

    package = find_spec("migrations")
    assert package is not None, "the migrations are installed with us"
    assert package.submodule_search_locations is not None
    folder = next(iter(package.submodule_search_locations))
    config = Config()
    config.set_main_option("script_location", folder.replace("%", "%%"))
    return config


class CannotMigrate(Exception):
    """What has to be made first, in a sentence."""


class OpenWall(Exception):
    """The role that serves could change what is only ever added to."""


def migrate(url: str, revision: str = "head", *, application: str | None = None) -> None:
    """Bring the schema to `revision` in one transaction: a failed release leaves the old one.

    `url` is the tables' owner's; `application` is the role that shall serve, and gets the rights
    of migrations/grants.sql. Without one, or where it is the owner, nothing is granted.
    """
    from alembic import command  # takes longer to load than all else here

    engine = make_engine(url, pool_size=1)
    try:
        with engine.begin() as connection:
            connection.execute(MIGRATION_LOCK)
            connection.execution_options(no_parameters=True)  # a % in a file stands for itself
            config = migration_config()
            config.attributes["connection"] = connection  # migrations/env.py uses it as it is
            command.upgrade(config, revision)
            if application is not None:
                _grant(connection, application)
    finally:
        engine.dispose()


def _grant(connection: Connection, application: str) -> None:
    owner, exists = connection.execute(KNOWN_ROLE, {"role": application}).one()
    if not exists:
        raise CannotMigrate(
            f"There is no role {application}, as which DATABASE_URL serves. "
            f"Create it: CREATE ROLE {application} LOGIN PASSWORD '...'"
        )
    if owner != application:
        connection.execute(NAME_APPLICATION, {"role": application})
        connection.exec_driver_sql((files("migrations") / "grants.sql").read_text())


def check_wall(engine: Engine, *, must_stand: bool) -> None:
    """Raise `OpenWall` where the role that serves may change entries or balances by hand.

    Unless it `must_stand`, as in production, a warning is enough.
    """
    with engine.connect() as connection:
        role, is_open = connection.execute(WALL_IS_OPEN).one()
    if not is_open:
        return
    told = (
        f"The database role {role} may change entries and balances: serve as a role of its own, "
        "and name the tables' owner in KIBUBU_OWNER_DATABASE_URL for `kibubu migrate`."
    )
    if must_stand:
        raise OpenWall(told)
    log.warning(told)
