"""Real servers for every test: PostgreSQL and Valkey, started once per pytest process.

DATABASE_URL and REDIS_URL, where set, name servers to use instead. Each test that asks for
`database_url` or `engine` has a fresh database, cloned from one that was migrated once.

What is tested works as the application's role, as it does in earnest. The owner of the tables
(tests/roles.py) makes the databases, and breaks rules where a test wants one broken.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import islice
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import Engine, text

from tests.callers import Callers
from tests.databases import Database, Databases
from tests.loop import LoopClient, app_for
from tests.roles import MAKE_APPLICATION, address, outside
from tests.town import START, Town, started
from tests.village import Village
from wallet.clock import FakeClock
from wallet.database import make_engine, migrate
from wallet.running.application import create_app
from wallet.running.books import check_books
from wallet.running.embedded import APPLICATION, EmbeddedServices
from wallet.service import Service

SLOW = (
    "test_run.py", "test_demo.py", "test_embedded.py", "test_bench.py", "test_worker.py",
    "test_crashes.py", "test_web_kills.py", "test_payout_kills.py", "test_contract_model.py",
    "test_kills.py", "test_model.py",
)  # fmt: skip
"""Files whose tests start processes or tell long stories, the longest first."""

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background of a script. What tests start would never hear a Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes long, as much in each process, so that nobody waits for it at the end.

    Each process begins with a share of the list, one after the other. A file's tests stay together:
    what they share is made once.
    """
    processes = getattr(config, "workerinput", {}).get("workercount", 1)
    quick = iter([item for item in items if item.path.name not in SLOW])
    ordered: list[pytest.Item] = []
    for number in range(processes):
        for name in SLOW[number::processes]:
            ordered += [item for item in items if item.path.name == name]
        until = len(items) * (number + 1) // processes
        ordered += islice(quick, until - len(ordered))
    items[:] = [*ordered, *quick]


@dataclass(frozen=True)
class Servers:
    """Where the servers of this pytest process are."""

    database_url: str  # the owner's
    redis_url: str


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    database_url, redis_url = outside(), os.environ.get("REDIS_URL")
    with ExitStack() as stack:
        if not (database_url and redis_url):
            embedded = stack.enter_context(EmbeddedServices.start(durable=False, name="test"))
            database_url = database_url or embedded.owner_url
            redis_url = redis_url or embedded.redis_url
        yield Servers(database_url, f"{redis_url}?db={worker.removeprefix('gw')}")


@pytest.fixture(scope="session")
def admin(servers: Servers) -> Iterator[Engine]:
    """Creates and drops databases, which no transaction can."""
    engine = make_engine(servers.database_url).execution_options(isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def template(servers: Servers, admin: Engine) -> Iterator[str]:
    """A migrated database to clone, which is much faster than migrating for each test."""
    name = f"kibubu_template_{uuid4().hex[:12]}"
    run(admin, MAKE_APPLICATION)
    run(admin, f"CREATE DATABASE {name}")
    migrate(address(servers.database_url, name), application=APPLICATION)
    yield name
    run(admin, f"DROP DATABASE {name}")


@pytest.fixture(scope="session")
def databases(servers: Servers, admin: Engine, template: str) -> Iterator[Databases]:
    found = Databases(servers.database_url, template, partial(run, admin))
    yield found
    found.close()


@pytest.fixture
def database(databases: Databases) -> Iterator[Database]:
    with databases.lent() as database:
        yield database


@pytest.fixture
def database_url(database: Database) -> str:
    """A fresh, migrated, empty database, as the application is let in."""
    return database.url


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    """An engine on a fresh database, whose books are summed again when the test is over."""
    yield database.engine
    assert check_books(database.engine) == []


@pytest.fixture(scope="module")
def shared_town(servers: Servers, databases: Databases) -> Iterator[Town]:
    """One town for all tests of a module, where they leave it as they found it."""
    with databases.lent() as database:
        with started(database.url, servers.redis_url) as service:
            yield Town(service)
        assert check_books(database.engine) == []


@pytest.fixture(scope="session")
def valkey(servers: Servers) -> Iterator[Redis]:
    """To empty it: connecting for each test would take longer."""
    with Redis.from_url(servers.redis_url) as client:
        yield client


@pytest.fixture
def redis_url(servers: Servers, valkey: Redis) -> str:
    valkey.flushdb()
    return servers.redis_url


@pytest.fixture
def redis_client(redis_url: str, valkey: Redis) -> Redis:
    """An empty Valkey."""
    return valkey


@pytest.fixture
def own_services() -> Iterator[EmbeddedServices]:
    """Servers of the test's own, not migrated, to kill and start again."""
    with EmbeddedServices.start(durable=False, name="own") as services:
        yield services


@pytest.fixture
def clock() -> FakeClock:
    """Stands still at noon of a Monday in Nairobi until a test moves it."""
    return FakeClock(START)


@pytest.fixture
def service(
    engine: Engine, database_url: str, redis_url: str, clock: FakeClock
) -> Iterator[Service]:
    """A whole service on a fresh database; its books are summed again at the end."""
    with started(database_url, redis_url, clock) as service:
        yield service


@pytest.fixture
def town(service: Service) -> Town:
    """Makes people, agents, merchants, partners and makers on `service`, in a line each."""
    return Town(service)


@pytest.fixture
def app(service: Service) -> Flask:
    return app_for(service)


@pytest.fixture
def own_app(service: Service) -> Flask:
    """An application to add routes to."""
    app = create_app(service)
    app.test_client_class = LoopClient
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def callers(service: Service, app: Flask) -> Callers:
    return Callers(service, app)


@pytest.fixture
def village(service: Service, app: Flask) -> Village:
    """Everybody of tests/town.py, each with a token of their own."""
    return Village(service, app=app)


def run(admin: Engine, statement: str) -> None:
    with admin.connect() as connection:
        connection.execute(text(statement))
