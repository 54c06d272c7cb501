"""People as plain rows."""

import pytest
from sqlalchemy import text

INSERT = text("""
    INSERT INTO holders (id, msisdn, name, language, market, tier, status, registered_at)
    VALUES (:id, :msisdn, :name, 'en', 'KE', 0, :status, :now)
""")


@pytest.fixture
def add_holder(engine, clock):
    def add(id_, msisdn=None, name="Amina Odhiambo", status="active"):
        row = {"id": id_, "msisdn": msisdn, "name": name, "status": status, "now": clock.now()}
        with engine.begin() as connection:
            connection.execute(INSERT, row)

    return add
