"""`make demo`: the main job, played over HTTP, USSD and SMS by separate people. Every step is held
to what it claims; the first that does not do it ends the demo with an error.
"""

from __future__ import annotations

from dataclasses import replace

from rich.console import Console

from wallet.config import Settings
from wallet.running.books import show_books
from wallet.running.demo.scene import Scene
from wallet.running.demo.story import CHAPTERS
from wallet.running.handset import CannotCall
from wallet.running.town.actors import Unexpected
from wallet.running.town.people import WANJIRU
from wallet.running.town.processes import doing, free_port, processes, servers
from wallet.running.town.run import stop_on_signals
from wallet.running.town.seed import seed
from wallet.service import Service


def run_demo(settings: Settings) -> None:
    """Start a town of its own on a free port, tell the story, check the books, stop everything.

    Raises `Unexpected` where a step does not do what it says, `CannotCall` where nobody answers.
    """
    console = Console(highlight=False)
    stop_on_signals()
    settings = replace(settings, http_port=free_port(settings.http_host))
    with servers(console, settings, settings.http_port) as addresses:
        service = Service.start(
            settings, database_url=addresses.database_url, redis_url=addresses.redis_url
        )
        try:
            with doing(console, "Letting people in, all but one"):
                clients = seed(service, addresses.owner_url, without=(WANJIRU,))
            with processes(console, addresses) as running:
                scene = Scene(console, addresses, settings, service.engine, clients)
                try:
                    for number, chapter in enumerate(CHAPTERS, start=1):
                        running.check()
                        scene.title(number, chapter.__doc__ or "")
                        chapter(scene)
                except (Unexpected, CannotCall):
                    for name in ("worker", "serve"):
                        console.print(f"[dim]{name}:[/]", *running.last_lines(name), sep="\n")
                    raise
                finally:
                    scene.close()
            scene.title(len(CHAPTERS) + 1, "The books.")
            if not show_books(service.engine, console):
                raise Unexpected("the books are not clean")
        finally:
            service.close()
    console.print(f"\n[bold green]The main job was done; {scene.checks} claims were checked.[/]")
