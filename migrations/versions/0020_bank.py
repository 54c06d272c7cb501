"""Run sql/0020_bank.sql."""

from migrations import run_sql

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    run_sql("0020_bank.sql")
