"""`kill -9` under load: what was acknowledged is there once, the rest once when it is retried."""

from collections import Counter
from collections.abc import Iterator
from threading import Thread
from time import sleep
from uuid import UUID

import pytest

from tests.reliability.load import Load
from tests.reliability.processes import Child, Said, Wanted, child
from tests.town import Town, started
from wallet.running.embedded import EmbeddedServices


def killed_midway(running: Child, wanted: list[Wanted], after: int) -> dict[UUID, Said]:
    """Kill a process when it has answered `after` of its commands."""
    running.ask(wanted)
    said = running.said(after)
    running.kill()
    return said | running.said()  # what it had said before it died


def test_a_process_killed_under_load_loses_and_doubles_nothing(shared_town, servers):
    load = Load(shared_town, servers.redis_url)
    unanswered = 0
    for after in (1, 100):
        wanted = load.payments(250)
        with child(load.database_url, load.redis_url) as running:
            said = killed_midway(running, wanted, after)
        load.prove(wanted, said)
        unanswered += len(wanted) - len(said)
    assert unanswered > 0


def test_one_process_killed_under_load_does_not_disturb_another(shared_town, servers):
    load = Load(shared_town, servers.redis_url)
    wanted, others = load.payments(250), load.payments(250)
    url, redis_url = load.database_url, load.redis_url
    with child(url, redis_url) as running, child(url, redis_url) as healthy:
        healthy.ask(others)
        said = killed_midway(running, wanted, 40)
        assert Counter(each.word for each in healthy.said(250).values()) == {"done": 250}
    load.prove(wanted, said)


# PostgreSQL and Valkey ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own() -> Iterator[tuple[EmbeddedServices, Load]]:
    """Servers of the module's own, with commits as durable as in production."""
    with EmbeddedServices.start(durable=True, name="crash") as services:
        services.migrate()
        with started(services.database_url, services.redis_url) as service:
            yield services, Load(Town(service), services.redis_url)


def test_postgres_killed_under_load_loses_and_doubles_nothing(own):
    services, load = own
    wanted = load.payments(400)
    with child(load.database_url, load.redis_url) as running:
        running.ask(wanted)
        said = running.said(50)
        services.postgres.kill()
        sleep(0.1)  # some more commands meet a database that is gone
        services.postgres.start()
        said |= running.said(350)
    assert {each.word for each in said.values()} <= {"done", "replayed", "Unavailable"}
    load.prove(wanted, said)


def test_a_process_and_postgres_killed_together_lose_and_double_nothing(own):
    services, load = own
    wanted = load.payments(300)
    with child(load.database_url, load.redis_url) as running:
        running.ask(wanted)
        said = running.said(50)
        killer = Thread(target=services.postgres.kill)
        killer.start()
        running.kill()
        killer.join()
        said |= running.said()
    services.postgres.start()
    load.prove(wanted, said)


def test_without_valkey_no_money_is_affected(own):
    services, load = own
    wanted = load.payments(60)
    with child(load.database_url, load.redis_url) as running:
        said = running.does(wanted[:20])
        load.town.service.valkey.flushall()
        said |= running.does(wanted[20:40])
        services.valkey.kill()
        said |= running.does(wanted[40:])
    services.valkey.start()
    assert Counter(each.word for each in said.values()) == {"done": 60}
    load.prove(wanted, said)
