"""The engine's settings, and migrations from anywhere."""

import pytest
from psycopg import OperationalError as DriverError
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from tests.roles import owner_url
from wallet.database import database_address, make_engine, migrate
from wallet.running.embedded import APPLICATION

SETTINGS = text("""
    SELECT current_setting('transaction_isolation'), current_setting('synchronous_commit'),
           current_setting('TimeZone')
""")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_addresses_as_platforms_write_them_are_understood(scheme):
    address = database_address(f"{scheme}://kibubu@db/kibubu")
    assert address.drivername == "postgresql+psycopg"


@pytest.mark.parametrize("scheme", ["mysql", "sqlite", "postgresql+psycopg2"])
def test_there_is_one_dialect_and_one_driver(scheme):
    with pytest.raises(ValueError, match="DATABASE_URL must be"):
        database_address(f"{scheme}://kibubu@db/kibubu")


def test_commits_are_durable_and_times_are_utc(engine):
    with engine.connect() as connection:
        assert connection.execute(SETTINGS).one() == ("read committed", "on", "UTC")


def test_a_pool_outlives_a_killed_server(own_services):
    engine = make_engine(own_services.database_url)
    with engine.connect() as connection:
        connection.execute(SETTINGS)
    own_services.postgres.kill()
    with pytest.raises((OperationalError, DriverError)):
        engine.connect()
    own_services.postgres.start()
    with engine.connect() as connection:
        assert connection.execute(SETTINGS).one()
    engine.dispose()


def test_migrations_apply_from_any_folder_and_only_once(database_url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        migrate(owner_url(database_url), application=APPLICATION)
    engine = make_engine(database_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 1
    engine.dispose()
