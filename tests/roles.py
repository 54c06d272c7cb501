"""As whom a test comes to the database: the application, or the owner of the tables.

Both are named by one address, of which only the role differs. On servers that the environment
names, the owner is the role it names, and the application has a password.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, text

from wallet.database import database_address, make_engine
from wallet.running.embedded import APPLICATION, OWNER
from wallet.service import Service

PASSWORD = "application"
MAKE_APPLICATION = f"""
    DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APPLICATION}') THEN
            CREATE ROLE {APPLICATION} LOGIN PASSWORD '{PASSWORD}';
        END IF;
    END $$
"""


def address(url: str, database: str) -> str:
    return database_address(url).set(database=database).render_as_string(hide_password=False)


def application_url(url: str) -> str:
    """The address for what serves."""
    named = database_address(url).set(username=APPLICATION)
    password = PASSWORD if outside() else None
    return named.set(password=password).render_as_string(hide_password=False)


def owner_url(url: str) -> str:
    """The address for what makes tables, and may break rules."""
    named_owner = outside()
    if named_owner is None:
        return database_address(url).set(username=OWNER).render_as_string(hide_password=False)
    named = database_address(named_owner).set(database=database_address(url).database)
    return named.render_as_string(hide_password=False)


def owner_of(service: Service) -> str:
    """The owner's address of the database that a service serves from."""
    return owner_url(service.engine.url.render_as_string(hide_password=False))


@contextmanager
def as_owner(engine: Engine) -> Iterator[Connection]:
    """A transaction of the owner's in the same database."""
    own = make_engine(owner_url(engine.url.render_as_string(hide_password=False)), pool_size=1)
    try:
        with own.begin() as connection:
            yield connection
    finally:
        own.dispose()


def owner_sql(engine: Engine, statement: str, **values: Any) -> list[Any]:
    """Run one statement as the owner; return its rows, where it has any."""
    with as_owner(engine) as connection:
        result = connection.execute(text(statement), values)
        return list(result.all()) if result.returns_rows else []


def outside() -> str | None:
    """The owner's address of a server to use instead of an embedded one."""
    return os.environ.get("KIBUBU_OWNER_DATABASE_URL") or os.environ.get("DATABASE_URL")
