"""A database with a town in it, as an earlier release left it, is brought up to this one.

The towns are in `snapshots`, by the revision they were made at; see snapshot.py.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from shutil import copytree
from types import SimpleNamespace
from uuid import uuid4

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg.errors import NotNullViolation
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from tests.conftest import Servers, run
from tests.migrations.snapshot import BLOCK, FOLDER, load
from tests.roles import MAKE_APPLICATION, address, application_url
from tests.tables import Person
from tests.town import START, Town, started
from wallet.clock import FakeClock
from wallet.database import check_wall, make_engine, migrate, migration_config
from wallet.ledger.books import totals
from wallet.running.books import check_books
from wallet.running.embedded import APPLICATION

SNAPSHOTS = sorted(FOLDER.glob("*.sql"))
EXTRA = '''
from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade() -> None:
    op.get_bind().exec_driver_sql("""{statements}""")
'''


@contextmanager
def earlier(servers: Servers, admin: Engine, snapshot: Path) -> Iterator[SimpleNamespace]:
    """A database at the snapshot's revision, with its rows."""
    name = f"kibubu_upgrade_{uuid4().hex[:12]}"
    run(admin, MAKE_APPLICATION)
    run(admin, f"CREATE DATABASE {name}")
    owner = address(servers.database_url, name)
    engine = make_engine(application_url(owner), pool_size=1)
    try:
        migrate(owner, snapshot.stem, application=APPLICATION)
        load(owner, snapshot.read_text())
        yield SimpleNamespace(owner=owner, url=application_url(owner), engine=engine)
    finally:
        engine.dispose()
        run(admin, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=SNAPSHOTS, ids=lambda path: path.stem)
def old(request, servers, admin):
    with earlier(servers, admin, request.param) as database:
        yield database


def test_every_table_of_the_newest_snapshot_has_rows():
    """What a migration does to rows is proved only where there are some."""
    tables = BLOCK.findall(SNAPSHOTS[-1].read_text())
    assert len(tables) > 40
    assert [table for table, _, rows in tables if not rows] == []


def test_an_earlier_town_is_brought_up_to_this_release(old, servers):
    before = totals(old.engine)
    assert before
    migrate(old.owner, application=APPLICATION)
    check_wall(old.engine, must_stand=True)
    assert check_books(old.engine) == []
    assert totals(old.engine) == before
    with started(old.url, servers.redis_url, FakeClock(START + timedelta(days=1))) as service:
        town = Town(service)
        anna, brian = (person(town, name) for name in ("Anna", "Brian"))
        has = town.balance(brian)
        town.send(anna, brian, 1_00)
        assert town.balance(brian) == has + 1_00
    assert check_books(old.engine) == []


def test_what_was_posted_before_an_upgrade_is_replayed_after_it(old, servers):
    migrate(old.owner, application=APPLICATION)
    with started(old.url, servers.redis_url, FakeClock(START + timedelta(days=1))) as service:
        town = Town(service)
        anna, brian = (person(town, name) for name in ("Anna", "Brian"))
        ((key,),) = town.sql(
            "SELECT key FROM postings WHERE kind = 'send' AND actor_id = :id ORDER BY id LIMIT 1",
            id=anna.id,
        )
        assert town.send(anna, brian, 120_00, key=key).replayed


def person(town: Town, name: str) -> Person:
    ((id_, msisdn),) = town.sql("SELECT id, msisdn FROM holders WHERE name = :name", name=name)
    return Person(id_, msisdn, name)


# That it would be noticed: with a migration more, which only these tests have --------------------


@pytest.fixture
def added(tmp_path, monkeypatch) -> Callable[[str], None]:
    """Adds a migration, in a copy of the folder."""
    own = migration_config()
    folder = own.get_main_option("script_location")
    assert folder is not None
    copytree(folder, tmp_path / "migrations")
    head = ScriptDirectory.from_config(own).get_current_head()
    copied = Config()
    copied.set_main_option("script_location", str(tmp_path / "migrations"))

    def add(statements: str) -> None:
        file = tmp_path / "migrations" / "versions" / "9999_extra.py"
        file.write_text(EXTRA.format(head=head, statements=statements))
        monkeypatch.setattr("wallet.database.migration_config", lambda: copied)

    return add


@pytest.fixture
def newest(servers, admin):
    with earlier(servers, admin, SNAPSHOTS[-1]) as database:
        yield database


def test_a_migration_that_only_an_empty_table_takes_is_noticed_and_nothing_is_changed(
    newest, added
):
    added("ALTER TABLE holders ADD COLUMN extra text; ALTER TABLE contracts ADD told text NOT NULL")
    with pytest.raises(IntegrityError) as caught:
        migrate(newest.owner, application=APPLICATION)
    assert isinstance(caught.value.orig, NotNullViolation)
    columns = "SELECT count(*) FROM information_schema.columns WHERE column_name = 'extra'"
    assert asked(newest.engine, columns) == 0


def test_a_migration_that_spoils_the_books_is_noticed(newest, added):
    added("""
        ALTER TABLE accounts DISABLE TRIGGER USER;
        UPDATE accounts SET balance_minor = balance_minor + 1 WHERE kind = 'wallet';
        ALTER TABLE accounts ENABLE TRIGGER USER;
    """)
    migrate(newest.owner, application=APPLICATION)
    assert check_books(newest.engine) != []


def test_the_application_gets_its_rights_on_what_a_migration_makes(newest, added):
    added("CREATE TABLE extras (id bigint PRIMARY KEY); INSERT INTO extras VALUES (1)")
    migrate(newest.owner, application=APPLICATION)
    assert asked(newest.engine, "SELECT count(*) FROM extras") == 1
    assert asked(newest.engine, "SELECT version_num FROM alembic_version") == "9999"


def asked(engine: Engine, query: str) -> object:
    with engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()
