"""Run sql/0014_bulk.sql."""

from migrations import run_sql

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    run_sql("0014_bulk.sql")
