"""One bench from start to end: seed, serve, warm up, measure in rounds, prove, sum up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median

import psycopg
from redis import Redis
from rich.console import Console

from bench import loads, machine, people, pgbench, wrk
from bench.held import SHOPS, Held
from bench.lists import Lists, service_on
from bench.proof import prove
from bench.rows import Figure, Row, figure_of, latency_figure, loads_of
from bench.seeding import Population
from bench.servers import servers
from bench.sites import Site, noop_site, site
from bench.sizes import Sizes
from bench.table import cpu_table
from wallet.running.embedded import APPLICATION, EmbeddedServices
from wallet.running.town.processes import doing

SLOWER_THAN_ASKED = 0.95


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything up and running. A load is called with seconds and returns a rate."""

    services: EmbeddedServices
    sites: Mapping[str, Site]
    noop: Site | None
    loads: Mapping[str, Callable[[int], float]]


def bench(sizes: Sizes, rows: Sequence[Row], console: Console) -> list[Figure]:
    """Measure `rows`, and the latency where sends are among them."""
    wrk.find_wrk()
    with ExitStack() as stack:
        stage = stack.enter_context(_stage(sizes, loads_of(rows), console))
        rates = _measure(stage, sizes, console)
        figures = [figure_of(row, rates, sizes) for row in rows]
        if loads.SEND in rates:
            figures.append(_latency(stage, median(rates[loads.SEND]) / 2, sizes, console))
        console.print(cpu_table([*stage.sites.values(), *([stage.noop] if stage.noop else [])]))
        for each in stage.sites.values():
            with doing(console, f"Proving the {each.population.wallets:,} wallets' books"):
                prove(stage.services.postgres, each)
    return figures


@contextmanager
def _stage(sizes: Sizes, needed: Sequence[str], console: Console) -> Iterator[Stage]:
    with ExitStack() as stack:
        with doing(console, "Starting PostgreSQL and Valkey"):
            services = stack.enter_context(servers())
        for name, fact in machine.facts(services).items():
            console.print(f"[dim]{name}:[/] {fact}")
        sites = {}
        for name, population in _populations(sizes, needed).items():
            with doing(console, f"Seeding {population.wallets:,} wallets"):
                sites[name] = stack.enter_context(site(services, name, population, sizes.tokens))
        found = _site_loads(sites)
        found |= _worker_loads(stack, services, sites["main"], sizes, needed)
        noop = None
        if loads.NOOP in needed:
            noop = stack.enter_context(noop_site(services, sites["main"]))
            found[loads.NOOP] = partial(_rate, noop, "noop")
        if loads.PGBENCH in needed:
            with doing(console, f"Seeding pgbench, scale {sizes.pgbench_scale}"):
                pgbench.prepare(services.postgres, sizes.pgbench_scale)
            found[loads.PGBENCH] = partial(pgbench.run, services.postgres)
        with psycopg.connect(services.libpq_url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")
        yield Stage(services, sites, noop, {load: found[load] for load in needed})


def _populations(sizes: Sizes, needed: Sequence[str]) -> dict[str, Population]:
    """Return what has to be seeded; the no-op route is sent what the main service would be."""
    found = {"main": Population(sizes.wallets, sizes.merchants)}
    if loads.SEND_FEW in needed:
        found["few"] = Population(sizes.few_wallets)
    if loads.SEND_MANY in needed:
        found["many"] = Population.with_entries(sizes.many_wallets, sizes.many_entries)
    return found


def _site_loads(sites: Mapping[str, Site]) -> dict[str, Callable[[int], float]]:
    main = sites["main"]
    found: dict[str, Callable[[int], float]] = {
        loads.SEND: partial(_rate, main, "send"),
        loads.HOP: partial(_rate, main, "ussd"),
        loads.PAY_ONE: partial(_rate, main, "pay", tills=1),
        loads.PAY_MANY: partial(_rate, main, "pay"),
    }
    for load, name in ((loads.SEND_FEW, "few"), (loads.SEND_MANY, "many")):
        if name in sites:
            found[load] = partial(_rate, sites[name], "send")
    return found


def _worker_loads(
    stack: ExitStack,
    services: EmbeddedServices,
    main: Site,
    sizes: Sizes,
    needed: Sequence[str],
) -> dict[str, Callable[[int], float]]:
    """Return what is done by a worker, or on what a worker would do in time."""
    found: dict[str, Callable[[int], float]] = {}
    if not {loads.BULK, loads.DUE, loads.HOLD, loads.RELEASE}.isdisjoint(needed):
        url = services.postgres.url(main.database, APPLICATION)
        parts = stack.enter_context(service_on(url, services.redis_url))
        population = main.population
        held = Held(
            services.postgres.libpq_url(main.database), population.wallets, population.merchants
        )
        found[loads.BULK] = Lists(parts, sizes.list_rows).run
        found[loads.HOLD] = partial(
            _rate, main, "hold", tills=SHOPS, first_till=people.FIRST_TILL + population.merchants
        )
        found[loads.RELEASE] = partial(_rate, main, "release")
        found[loads.DUE] = lambda _: held.release_due(parts, sizes.due_contracts)
        if not {loads.DUE, loads.HOLD, loads.RELEASE}.isdisjoint(needed):
            held.open_shops()
    return found


def _rate(at: Site, kind: str, run_s: int, **more: int) -> float:
    return at.load(kind, run_s, **more).rate


def _measure(stage: Stage, sizes: Sizes, console: Console) -> dict[str, list[float]]:
    """Return the rates of every load, a round after the other, so that drifts hit all alike."""
    with doing(console, "Warming up"):
        for load in stage.loads.values():
            load(sizes.warm_up_s)
    rates: dict[str, list[float]] = {name: [] for name in stage.loads}
    for number in range(1, sizes.rounds + 1):
        _tidy(stage)
        for name, load in stage.loads.items():
            rates[name].append(load(sizes.run_s))
        shown = ", ".join(f"{name} {found[-1]:,.0f}" for name, found in rates.items())
        console.print(f"Round {number} of {sizes.rounds}, a second: {shown}")
    return rates


def _latency(stage: Stage, rate: float, sizes: Sizes, console: Console) -> Figure:
    _tidy(stage)
    main, p99s_ms = stage.sites["main"], []
    for _ in range(sizes.rounds):
        outcome = main.load("send", sizes.run_s, gap_us=wrk.gap_us(rate))
        p99s_ms.append(outcome.p99_us / 1000)
        console.print(
            f"At {outcome.rate:,.0f} sends/s: p50 {outcome.p50_us / 1000:.1f} ms, "
            f"p99 {p99s_ms[-1]:.1f} ms"
        )
        if outcome.rate < SLOWER_THAN_ASKED * rate:
            console.print(f"[yellow]That is less than the {rate:,.0f}/s asked for.[/]")
    return latency_figure(p99s_ms, rate, sizes)


def _tidy(stage: Stage) -> None:
    """Throw away what would only grow: texts nobody delivers here, sessions nobody ends."""
    for each in stage.sites.values():
        each.tidy(stage.services)
    with Redis.from_url(stage.services.redis_url) as valkey:
        valkey.flushall(asynchronous=True)
