"""A clock, and people as plain rows."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from wallet.clock import FakeClock

INSERT = text("""
    INSERT INTO holders (id, msisdn, name, language, market, tier, status, registered_at)
    VALUES (:id, :msisdn, :name, 'en', 'KE', 0, :status, :now)
""")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 1, 5, 9, tzinfo=UTC))


@pytest.fixture
def add_holder(engine, clock):
    def add(id_, msisdn=None, name="Amina Odhiambo", status="active"):
        row = {"id": id_, "msisdn": msisdn, "name": name, "status": status, "now": clock.now()}
        with engine.begin() as connection:
            connection.execute(INSERT, row)

    return add
