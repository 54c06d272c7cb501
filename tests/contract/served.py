"""The web server of production, on a port of its own, for one application after another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import httpx
from granian.constants import Interfaces
from granian.server.embed import Server

from wallet.running.town.processes import free_port
from wallet.web.bridge import Asgi, Send
from wallet.web.receiving import Receive, Scope

HOST = "127.0.0.1"
READY_TIMEOUT_S = 20


class Served:
    """A server whose application can be exchanged; `url` is where it listens."""

    def __init__(self, port: int) -> None:
        self.url = f"http://{HOST}:{port}"
        self.application: Asgi | None = None
        self._server = Server(
            self._answer, address=HOST, port=port, interface=Interfaces.ASGI,
            websockets=False, log_enabled=False,
        )  # fmt: skip
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._run, name="served", daemon=True)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            for _ in range(2):
                moment = (await receive())["type"]
                await send({"type": f"{moment}.complete"})
            return
        assert self.application is not None
        await self.application(scope, receive, send)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._server.serve())
        self._loop.close()

    def start(self) -> None:
        self._thread.start()
        deadline = time.monotonic() + READY_TIMEOUT_S
        while True:
            try:
                httpx.get(self.url, trust_env=False)
            except httpx.TransportError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join(READY_TIMEOUT_S)


@contextmanager
def served() -> Iterator[Served]:
    """A server that listens."""
    found = Served(free_port(HOST))
    found.start()
    try:
        yield found
    finally:
        found.stop()
