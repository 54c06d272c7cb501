"""`kill -9` under load: what was acknowledged is there once, the rest once when it is retried."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from threading import Thread
from time import sleep
from uuid import UUID

import pytest

from tests.batches import outcome
from tests.reliability.child import command_of
from tests.reliability.processes import Child, Said, Wanted, a_payment, a_send, child
from tests.town import Town, started
from wallet.clock import reference
from wallet.database import migrate
from wallet.embedded import EmbeddedServices
from wallet.ledger.books import check_books
from wallet.ledger.poster import Receipt

PEOPLE, EACH = 20, 100_000


@dataclass
class Load:
    """People who pay one another and a merchant, and what became of each payment."""

    town: Town
    redis_url: str

    def __post_init__(self) -> None:
        self.people = [self.town.person(balance=EACH) for _ in range(PEOPLE)]
        self.merchant = self.town.merchant(period_s=0)
        self.numbers = count()

    @property
    def database_url(self) -> str:
        return self.town.service.engine.url.render_as_string(hide_password=False)

    def payments(self, number: int) -> list[Wanted]:
        return [self.payment(next(self.numbers)) for _ in range(number)]

    def payment(self, n: int) -> Wanted:
        payer = self.people[n % PEOPLE]
        if n % 3 == 0:
            return a_payment(payer, self.merchant)
        return a_send(payer, self.people[(n * 7 + 1) % PEOPLE])

    def prove(self, wanted: list[Wanted], said: dict[UUID, Said]) -> None:
        """Every acknowledged payment is there once; retried, every payment is there once."""
        acknowledged = {key for key, each in said.items() if each.word in {"done", "replayed"}}
        assert self.postings(wanted).keys() >= acknowledged
        with ThreadPoolExecutor(16) as pool:
            retried = dict(pool.map(self.retry, wanted))
        assert {each.word for each in retried.values()} <= {"done", "replayed"}
        for key in acknowledged:
            assert retried[key] == Said("replayed", said[key].detail)
        posted = self.postings(wanted)
        assert posted == {key: each.detail for key, each in retried.items()}
        everything = sum(self.town.balance(person) for person in self.people)
        everything += self.town.balance(self.merchant, "settlement")
        assert everything == PEOPLE * EACH
        assert check_books(self.town.service.engine) == []

    def retry(self, wanted: Wanted) -> tuple[UUID, Said]:
        found = outcome(self.town.service.poster.post, *command_of(json.loads(wanted.line())))
        assert isinstance(found, Receipt), found
        return wanted.key, Said("replayed" if found.replayed else "done", found.answer["reference"])

    def postings(self, wanted: list[Wanted]) -> dict[UUID, str]:
        """The references of what was posted, by key."""
        query = "SELECT key, id FROM postings WHERE key = ANY(:keys)"
        rows = self.town.sql(query, keys=[each.key for each in wanted])
        assert len(rows) == len({key for key, _ in rows})
        return {key: reference(id_) for key, id_ in rows}


def killed_midway(running: Child, wanted: list[Wanted], after: int) -> dict[UUID, Said]:
    """Kill a process when it has answered `after` of its commands."""
    running.ask(wanted)
    said = running.said(after)
    running.kill()
    return said | running.said()  # what it had said before it died


# No payment is a send to oneself: 7n + 1 = n (mod 20) has no solution.
assert all((n * 7 + 1) % PEOPLE != n % PEOPLE for n in range(PEOPLE))


def test_a_process_killed_under_load_loses_and_doubles_nothing(shared_town, servers):
    load = Load(shared_town, servers.redis_url)
    for after in (1, 100):
        wanted = load.payments(250)
        with child(load.database_url, load.redis_url) as running:
            said = killed_midway(running, wanted, after)
        assert len(said) < len(wanted)
        load.prove(wanted, said)


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
        migrate(services.database_url)
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
