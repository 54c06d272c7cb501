"""`kibubu town`: starts the town, tells about it, and stops everything on Ctrl-C."""

from __future__ import annotations

import signal
import sys
import time
from types import FrameType
from typing import Final

from rich.console import Console

from wallet.config import Settings
from wallet.running.town.people import Person
from wallet.running.town.processes import check_port, doing, processes, servers
from wallet.running.town.seed import Seed
from wallet.running.town.shown import show_people, show_what_to_try
from wallet.service import Service

POLL_S: Final = 0.5
PRICES_EVERY_S: Final = 3600.0


def run_town(settings: Settings, without: tuple[Person, ...] = ()) -> None:
    """Run the town until it is interrupted."""
    console = Console()
    stop_on_signals()
    check_port(settings.http_host, settings.http_port)
    try:
        with servers(console, settings, settings.http_port) as addresses:
            service = Service.start(
                settings, database_url=addresses.database_url, redis_url=addresses.redis_url
            )
            try:
                seed = Seed(
                    service, addresses.owner_url, frozenset(each.msisdn for each in without)
                )
                with doing(console, "Letting people in"):
                    clients = seed.plant()
                with processes(console, addresses) as running:
                    show_people(console, clients)
                    show_what_to_try(console, addresses.http_url, clients, settings)
                    console.print(
                        f"\n[bold green]Kibubu is at {addresses.http_url}[/]  "
                        f"[dim]logs: {addresses.folder}/*.log[/]\nCtrl-C stops everything."
                    )
                    prices_at = time.monotonic() + PRICES_EVERY_S
                    while True:
                        time.sleep(POLL_S)
                        running.keep()
                        if time.monotonic() > prices_at:  # they go stale within a day
                            seed.prices(clients)
                            prices_at += PRICES_EVERY_S
            finally:
                service.close()
    except KeyboardInterrupt:
        console.print("\nEverything is stopped.")


def stop_on_signals() -> None:
    """Let a closed terminal and `kill` clean up as Ctrl-C does."""

    def leave(number: int, _: FrameType | None) -> None:
        sys.exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
