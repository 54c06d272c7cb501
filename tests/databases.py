"""Databases for tests: cloned from one that was migrated once, emptied and lent again.

Emptying takes a tenth of cloning. A database whose schema a test has changed is thrown away.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from tests.roles import address, application_url
from wallet.database import database_address, make_engine

TABLES = """
    SELECT oid::regclass::text FROM pg_class
     WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
       AND relname NOT IN ('alembic_version', 'posting_legs')   -- a migration's own rows
"""
# Each change of a schema writes rows of these anew, under a newer transaction.
SCHEMA = " UNION ALL ".join(
    f"SELECT '{catalogue}', count(*), max(xmin::text::bigint) FROM {catalogue}"
    for catalogue in ("pg_class", "pg_attribute", "pg_trigger", "pg_constraint", "pg_proc")
)
NUMBERS = count(1)


@dataclass
class Database:
    """A database as the application is let in, and the owner's way to empty it."""

    name: str
    url: str
    engine: Engine
    owner: psycopg.Connection
    schema: list[tuple[object, ...]]
    tables: list[str]

    def empty(self) -> bool:
        """Empty every table; say whether the database is as it was made."""
        try:
            self.owner.execute(";".join(f"DELETE FROM {table}" for table in self.tables))
            return self.owner.execute(SCHEMA).fetchall() == self.schema
        except psycopg.Error:  # a test has broken it, or somebody still holds its rows
            return False

    def close(self) -> None:
        self.engine.dispose()
        self.owner.close()


@dataclass
class Databases:
    """The databases of one server; `run` executes a statement outside any transaction."""

    server_url: str
    template: str
    run: Callable[[str], None]
    free: list[Database] = field(default_factory=list)

    @contextmanager
    def lent(self) -> Iterator[Database]:
        """An empty, migrated database."""
        lent = self.free.pop() if self.free else self._made(self.template)
        try:
            yield lent
        finally:
            if lent.empty():
                self.free.append(lent)
            else:
                self._drop(lent)

    @contextmanager
    def copied(self, template: str | None = None) -> Iterator[Database]:
        """A database as `template` is, which nobody may be connected to; thrown away at the end."""
        made = self._made(template or self.template)
        try:
            yield made
        finally:
            self._drop(made)

    def close(self) -> None:
        for each in self.free:
            self._drop(each)

    def _made(self, template: str) -> Database:
        name = self.template.replace("template", f"test_{next(NUMBERS)}")
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        own = address(self.server_url, name)
        plain = database_address(own).set(drivername="postgresql")
        owner = psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True)
        owner.execute("SET session_replication_role = replica; SET lock_timeout = '3s'")
        tables = [row[0] for row in owner.execute(TABLES)]
        schema = owner.execute(SCHEMA).fetchall()
        url = application_url(own)
        return Database(name, url, make_engine(url), owner, schema, tables)

    def _drop(self, database: Database) -> None:
        with suppress(psycopg.Error, SQLAlchemyError):  # its server may have been killed
            database.close()
        self.run(f"DROP DATABASE {database.name} WITH (FORCE)")
