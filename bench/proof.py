"""That what was measured has happened: every payment once, nothing refused, the books clean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import httpx
import psycopg
from prometheus_client.parser import text_string_to_metric_families

from bench import people
from bench.sites import Site
from bench.wrk import CONNECTIONS, HANDFUL, BenchFailed
from wallet.database import make_engine
from wallet.running.books import check_books
from wallet.running.embedded import Postgres

POSTED: Final = "SELECT count(*) FROM postings WHERE kind = %s AND id > %s"
POSTED_BY: Final = {"send": ("send",), "pay": ("pay", "hold"), "release": ("release",)}
"""The loads that make postings of a kind."""
GOOD: Final = {
    "/v1/sends": "201",
    "/v1/payments": "201",
    "/v1/contracts/<reference:contract_id>/releases": "201",
    "/ussd/africastalking": "200",
}
SCREENS: Final = frozenset(
    {"main", "send.receiver", "pay.till", "held.list", "held.none", "account"}
)


def prove(server: Postgres, site: Site) -> None:
    """Raise `BenchFailed` where a site did anything but what it was told."""
    problems = [*answered_badly(site), *counted_wrongly(server, site), *unbalanced(server, site)]
    if problems:
        raise BenchFailed("\n".join(f"{site.name}: {problem}" for problem in problems))


def answered_badly(site: Site) -> Iterator[str]:
    """Say which answers the service itself counted that were not what was asked for."""
    metrics = httpx.get(f"{site.url}/metrics", trust_env=False).raise_for_status().text
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            labels = sample.labels
            if sample.name == "kibubu_requests_total" and labels["method"] == "POST":
                good = GOOD.get(labels["route"]) == labels["status"]
            elif sample.name == "kibubu_ussd_hops_total":
                good = labels["screen"] in SCREENS
            else:
                continue
            if not good and sample.value > HANDFUL:
                yield f"{sample.value:.0f} answers were {labels}"


def counted_wrongly(server: Postgres, site: Site) -> Iterator[str]:
    """Say which payments are missing or too many; those under way when wrk stopped may be there."""
    with psycopg.connect(server.libpq_url(site.database)) as connection:
        for kind, loads in POSTED_BY.items():
            row = connection.execute(POSTED, (kind, people.OURS)).fetchone()
            assert row is not None
            least = sum(site.answered[load] for load in loads)
            most = least + CONNECTIONS * sum(site.runs[load] for load in loads)
            if not least - HANDFUL <= row[0] <= most:
                yield f"wrk was answered {least} times, but there are {row[0]} postings of {kind}"


def unbalanced(server: Postgres, site: Site) -> list[str]:
    """Say what is wrong with the books."""
    with psycopg.connect(server.libpq_url(site.database), autocommit=True) as connection:
        # The check sorts all entries; only this makes it quicker, so it is set only now.
        connection.execute(f"ALTER DATABASE {site.database} SET work_mem = '512MB'".encode())
    engine = make_engine(server.url(site.database), pool_size=1)
    try:
        return check_books(engine)
    finally:
        engine.dispose()
