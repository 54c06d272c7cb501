"""A small town as it was at an earlier revision, to be migrated to this one.

`python -m tests.migrations.snapshot` writes the town of the newest revision beside this file. It is
the rows of every table as COPY takes them; the schema comes from the migrations.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from tests.migrations.story import tell
from tests.town import Town, started
from wallet.database import database_address, migrate
from wallet.running.embedded import EmbeddedServices

FOLDER = Path(__file__).with_name("snapshots")
TABLES = """
    SELECT c.relname::text, array_agg(a.attname::text ORDER BY a.attnum)
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
       AND c.relname NOT IN ('alembic_version', 'posting_legs')   -- a migration's own rows
       AND a.attnum > 0 AND NOT a.attisdropped
     GROUP BY c.relname ORDER BY c.relname
"""
BLOCK = re.compile(r"^COPY (\w+) \(([^)]*)\) FROM STDIN;\n(.*?)^\\\.\n", re.MULTILINE | re.DOTALL)


def connected(owner_url: str) -> psycopg.Connection:
    """The owner's connection to a database."""
    plain = database_address(owner_url).set(drivername="postgresql")
    return psycopg.connect(plain.render_as_string(hide_password=False))


def dumped(owner_url: str) -> tuple[str, str]:
    """The revision of a database, and its rows."""
    with connected(owner_url) as connection:
        ((revision,),) = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        blocks = [
            f"COPY {table} ({', '.join(columns)}) FROM STDIN;\n"
            f"{''.join(_rows(connection, table, columns))}\\.\n"
            for table, columns in connection.execute(TABLES).fetchall()
        ]
    return revision, "".join(blocks)


def _rows(connection: psycopg.Connection, table: str, columns: list[str]) -> Iterator[str]:
    names = list(map(sql.Identifier, columns))
    query = sql.SQL("COPY (SELECT {} FROM {} ORDER BY {}) TO STDOUT").format(
        sql.SQL(", ").join(names), sql.Identifier(table), sql.SQL(", ").join(names[:2])
    )
    with connection.cursor().copy(query) as copy:
        yield from (bytes(block).decode() for block in copy)


def load(owner_url: str, snapshot: str) -> None:
    """Insert a snapshot's rows as they are: a trigger would carry its entries a second time."""
    with connected(owner_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        for table, columns, rows in BLOCK.findall(snapshot):
            names = sql.SQL(", ").join(map(sql.Identifier, columns.split(", ")))
            into = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
            with connection.cursor().copy(into) as copy:
                copy.write(rows)


def main() -> None:
    """Let the story happen in a fresh database, and write it down."""
    with EmbeddedServices.start(durable=False, name="snapshot") as services:
        migrate(services.owner_url, application=database_address(services.database_url).username)
        with started(services.database_url, services.redis_url) as service:
            tell(Town(service))
        revision, rows = dumped(services.owner_url)
    path = FOLDER / f"{revision}.sql"
    FOLDER.mkdir(exist_ok=True)
    path.write_text(rows)
    sys.stdout.write(f"{path}: {len(rows)} bytes\n")


if __name__ == "__main__":
    main()
