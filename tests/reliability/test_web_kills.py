"""`kill -9` of web processes and of PostgreSQL while the crowd pays over HTTP."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from time import monotonic, sleep
from uuid import UUID

import httpx
import psutil
import pytest

from tests.reliability.load import Load
from tests.reliability.processes import Said, Wanted
from tests.town import PIN, Town, started
from wallet.clock import SystemClock
from wallet.money import Money
from wallet.people.tokens import AccessTokens, Caller
from wallet.running.embedded import EmbeddedServices
from wallet.running.town.processes import Child, free_port

PATIENCE_S = 60
THREADS = 12


@dataclass
class Web:
    """`kibubu serve` on servers of its own, and clients that pay through it."""

    services: EmbeddedServices
    load: Load
    folder: Path
    port: int = field(default_factory=lambda: free_port("127.0.0.1"))
    serving: Child = field(init=False)

    def start(self) -> None:
        env = os.environ | {
            "DATABASE_URL": self.services.database_url,
            "REDIS_URL": self.services.redis_url,
            "KIBUBU_HTTP_PORT": str(self.port),
        }
        self.serving = Child("serve", self.folder, env)
        with self.client() as client:
            until(lambda: client.get("/health/ready").is_success)

    def processes(self) -> list[psutil.Process]:
        """The processes that answer requests."""
        return psutil.Process(self.serving.pid).children()

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=40)

    def pay(self, client: httpx.Client, wanted: Wanted) -> Said | None:
        """What the client is told; None where it hears nothing that settles the payment."""
        amount = Money("KES", wanted.minor).json
        to = {"receiver": wanted.to} if wanted.flow == "send" else {"till": wanted.to}
        path = "/v1/sends" if wanted.flow == "send" else "/v1/payments"
        tokens = AccessTokens(self.load.town.service.settings.token_key, SystemClock())
        token = tokens.issue(Caller(wanted.actor, frozenset({"consumer"})))
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(wanted.key)}
        try:
            answer = client.post(path, json={**to, "amount": amount, "pin": PIN}, headers=headers)
        except httpx.TransportError:
            return None
        if answer.status_code == 503:
            return None
        assert answer.status_code == 201, answer.text
        word = "replayed" if "Idempotency-Replayed" in answer.headers else "done"
        return Said(word, answer.json()["reference"])

    def crowd(self, wanted: list[Wanted], disaster: Callable[[], None]) -> dict[UUID, Said]:
        """Let the crowd pay; after a quarter of it `disaster` strikes. Return what was heard."""
        heard: dict[UUID, Said] = {}
        lock, is_time = Lock(), Event()
        queue = list(reversed(wanted))

        def pay_on(_: int) -> None:
            with self.client() as client:
                while True:
                    with lock:
                        if not queue:
                            return
                        each = queue.pop()
                        if len(queue) < len(wanted) * 3 // 4:
                            is_time.set()
                    said = self.pay(client, each)
                    if said is not None:
                        with lock:
                            heard[each.key] = said

        with ThreadPoolExecutor(THREADS) as pool:
            running = [pool.submit(pay_on, n) for n in range(THREADS)]
            is_time.wait(PATIENCE_S)
            disaster()
            for each in running:
                each.result()
        return heard

    def prove(self, wanted: list[Wanted], heard: dict[UUID, Said]) -> None:
        """Ask again for all of it over HTTP, then look at the books."""
        assert len(heard) >= len(wanted) // 8
        with self.client() as client:
            for each in wanted[:: len(wanted) // 20]:
                again = self.pay(client, each)
                assert again is not None
                if each.key in heard:
                    assert again == Said("replayed", heard[each.key].detail)
        self.load.prove(wanted, heard)


def until(is_so: Callable[[], bool]) -> None:
    deadline = monotonic() + PATIENCE_S
    while monotonic() < deadline:
        try:
            if is_so():
                return
        except (httpx.TransportError, psutil.Error):
            pass
        sleep(0.05)
    raise AssertionError("it never came to be so")


@pytest.fixture(scope="module")
def web(tmp_path_factory) -> Iterator[Web]:
    with EmbeddedServices.start(durable=True, name="web") as services:
        services.migrate()
        with started(services.database_url, services.redis_url) as service:
            load = Load(Town(service), services.redis_url)
            web = Web(services, load, tmp_path_factory.mktemp("web"))
            web.start()
            yield web
            web.serving.terminate()
            web.serving.join()


def test_a_web_process_killed_under_load_loses_and_doubles_nothing(web):
    first, *_ = before = web.processes()
    wanted = web.load.payments(240)
    heard = web.crowd(wanted, first.kill)
    web.prove(wanted, heard)
    until(lambda: len(web.processes()) == len(before))  # another one has taken its place


def test_all_web_processes_killed_twice_under_load_lose_and_double_nothing(web):
    serving = web.serving.pid

    def kill_twice():
        with web.client() as client:
            for _ in range(2):
                for each in web.processes():
                    each.kill()
                until(lambda: client.get("/health/live").is_success)

    wanted = web.load.payments(240)
    heard = web.crowd(wanted, kill_twice)
    web.prove(wanted, heard)
    assert (web.serving.pid, web.serving.is_alive()) == (serving, True)


def test_the_whole_web_killed_under_load_and_started_again_loses_and_doubles_nothing(web):
    wanted = web.load.payments(240)

    def kill():
        web.serving.kill()
        web.serving.join()

    heard = web.crowd(wanted, kill)
    assert len(heard) < len(wanted)
    web.start()
    web.prove(wanted, heard)


def test_postgres_killed_under_load_over_http_loses_and_doubles_nothing(web):
    def restart():
        web.services.postgres.kill()
        sleep(0.1)
        web.services.postgres.start()

    wanted = web.load.payments(240)
    heard = web.crowd(wanted, restart)
    web.prove(wanted, heard)


def test_without_valkey_people_still_pay_over_http(web):
    wanted = web.load.payments(60)
    heard = web.crowd(wanted, web.services.valkey.kill)
    assert len(heard) == len(wanted)
    web.services.valkey.start()
    web.prove(wanted, heard)
