"""The database schema, as numbered SQL that alembic applies in order. It only moves forward."""

from importlib.resources import files

from alembic import op


def run_sql(name: str) -> None:
    """Run one file of `migrations/sql` in alembic's transaction."""
    op.get_bind().exec_driver_sql((files(__package__) / "sql" / name).read_text())
