"""The services under load: each has a database of its own size, and all share one Postgres."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from bench import people, wrk
from bench.cpu import Meter, spent_us
from bench.seeding import Population, seed
from bench.servers import ENVIRONMENT, HOST, await_answer, web
from sms.gateways.africastalking import AfricasTalkingSettings
from wallet.running.embedded import APPLICATION, EmbeddedServices
from wallet.running.settings import read_settings
from wallet.running.town.processes import free_port


@dataclass(slots=True)
class Site:
    """A running service. What is counted by kind of load: answers that wrk had, its runs, and the
    processor time that each run's requests took.
    """

    name: str
    database: str
    url: str
    folder: Path
    population: Population
    callback: str
    meter: Meter
    answered: Counter[str] = field(default_factory=Counter)
    runs: Counter[str] = field(default_factory=Counter)
    cpu_us: defaultdict[str, list[dict[str, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def load(self, kind: str, run_s: int, **more: str | int) -> wrk.Outcome:
        """Load the service with requests of a kind; see bench/load.lua."""
        options: dict[str, str | int] = {
            "kind": kind,
            "folder": str(self.folder),
            "wallets": self.population.wallets,
            "tills": self.population.merchants,
            "callback": self.callback,
        }
        before = self.meter.read_us()
        outcome = wrk.run(self.url, options | more, run_s)
        spent = spent_us(before, self.meter.read_us(), outcome.requests)
        self.cpu_us[f"{kind}, at half rate" if "gap_us" in more else kind].append(spent)
        self.answered[kind] += outcome.requests
        self.runs[kind] += 1
        return outcome

    def tidy(self, services: EmbeddedServices) -> None:
        """Throw away the texts, which a worker would have delivered meanwhile."""
        with psycopg.connect(services.postgres.libpq_url(self.database)) as connection:
            connection.execute("TRUNCATE texts")


@contextmanager
def site(
    services: EmbeddedServices, name: str, population: Population, tokens: int
) -> Iterator[Site]:
    """Seed a database, and serve it as `kibubu serve` does."""
    settings = read_settings(os.environ | ENVIRONMENT)
    database = f"bench_{name}"
    seed(services.postgres, database, population, settings.pin_keys[0])
    folder = services.folder / f"tokens-{name}"
    people.write_tokens(folder, settings.token_key, population.wallets, tokens, wrk.THREADS)
    port = free_port(HOST)
    log = services.folder / f"web-{name}.log"
    env = {
        "DATABASE_URL": services.postgres.url(database, APPLICATION),
        "REDIS_URL": services.redis_url,
        "KIBUBU_HTTP_PORT": str(port),
        "PROMETHEUS_MULTIPROC_DIR": str(services.folder / f"metrics-{name}"),
    }
    url = f"http://{HOST}:{port}"
    with web(["wallet.running.cli", "serve", "--parent", str(os.getpid())], log, env) as pid:
        await_answer(f"{url}/health/ready", log)
        meter = Meter(
            {"web": pid, "Postgres": services.postgres.pid, "Valkey": services.valkey.pid}
        )
        token = settings.section(AfricasTalkingSettings).callback_token
        yield Site(name, database, url, folder, population, token, meter)


@contextmanager
def noop_site(services: EmbeddedServices, like: Site) -> Iterator[Site]:
    """Serve the route that does nothing; it is sent the same requests as `like`."""
    port = free_port(HOST)
    log = services.folder / "web-noop.log"
    url = f"http://{HOST}:{port}"
    with web(["bench.noop", str(os.getpid())], log, {"KIBUBU_HTTP_PORT": str(port)}) as pid:
        await_answer(f"{url}/noop", log)
        told = (like.database, url, like.folder, like.population, like.callback)
        yield Site("noop", *told, Meter({"web": pid}))
