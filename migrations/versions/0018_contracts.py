"""Run sql/0018_contracts.sql."""

from migrations import run_sql

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    run_sql("0018_contracts.sql")
