"""Run sql/0015_sms.sql."""

from migrations import run_sql

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    run_sql("0015_sms.sql")
