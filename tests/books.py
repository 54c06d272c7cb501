"""Corruption planted past every rule of the database, and undone when it has been looked at."""

from tests.roles import as_owner
from wallet.running.books import check_books


class Undone:
    """What `check_books` takes for an engine: always the one connection, never committed."""

    def __init__(self, connection):
        self.connection = connection

    def connect(self):
        return self

    def execution_options(self, **_):
        return self

    def __enter__(self):
        return self.connection

    def __exit__(self, *_):
        pass


def findings_after(town, *statements):
    """What the books check says once `statements` have got past every trigger."""
    with as_owner(town.service.engine) as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for statement in statements:
            assert connection.exec_driver_sql(statement).rowcount != 0, statement
        findings = check_books(Undone(connection))  # type: ignore[arg-type]  # an engine in small
        connection.rollback()
    return findings
