"""What the operations are called on: a town for each, on the web server of production."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest
import requests

from tests.contract.served import Served, served
from tests.contract.stand_ins import unknown
from tests.contract.stock import Stock
from tests.databases import Databases
from tests.loop import app_for, served_by
from tests.town import started
from wallet.clock import FakeClock


@dataclass(frozen=True)
class Stocked:
    """A town that was made once: its database, what is in it, and when."""

    database: str
    stock: Stock
    now: datetime


@dataclass
class Visit:
    """A town of one's own, to call one operation in."""

    stock: Stock
    url: str
    session: requests.Session
    calls: int = 0
    reached: bool = False


@pytest.fixture(scope="session")
def server() -> Iterator[Served]:
    with served() as found:
        yield found


@pytest.fixture(scope="session")
def stocked(servers, databases: Databases) -> Iterator[Stocked]:
    with databases.copied() as made:
        with started(made.url, servers.redis_url) as service:
            stock = Stock(service, app_for(service))
            stock.fill()
            assert unknown(stock.known) == []
        made.close()
        yield Stocked(made.name, stock, service.clock.now())


@pytest.fixture(scope="session")
def session() -> Iterator[requests.Session]:
    with requests.Session() as found:
        found.trust_env = False
        yield found


@pytest.fixture
def visit(
    stocked: Stocked, databases: Databases, redis_url: str, server: Served, session
) -> Iterator[Visit]:
    """A copy of the town, served."""
    with databases.copied(stocked.database) as made:
        clock = FakeClock(stocked.now)
        with started(made.url, redis_url, clock) as service:
            app = app_for(service)
            server.application = served_by(app)
            visit = Visit(stocked.stock.again(service), server.url, session)
            yield visit
            assert visit.reached, "no request of it did what the operation is for"
