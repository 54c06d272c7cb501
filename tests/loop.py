"""A test client whose requests take the way they take in earnest: through the event loop."""

import asyncio
from datetime import UTC, datetime
from functools import cache
from threading import Thread
from types import SimpleNamespace
from typing import Any, cast

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import run_wsgi_app

from wallet.clock import FakeClock
from wallet.running.application import create_app, on_loop, work_with
from wallet.running.settings import read_settings
from wallet.service import Service
from wallet.web.bridge import Asgi

_loop = asyncio.new_event_loop()
Thread(target=_loop.run_forever, name="test loop", daemon=True).start()
SERVED = "what the web server calls"


class LoopClient(FlaskClient):
    """Flask's own test client, but for how it reaches the application."""

    def run_wsgi_app(self, environ: Any, buffered: bool = False) -> Any:
        served = served_by(self.application)
        return run_wsgi_app(lambda environ, start: ask(served, environ, start), environ, buffered)


def app_for(service: Service) -> Flask:
    """The application; made once, which takes longer than most tests."""
    app = app_for_nothing()
    work_with(app, service)
    return app


@cache
def app_for_nothing() -> Flask:
    """The application before it has a service: its document is whole."""
    with_nothing = SimpleNamespace(
        settings=read_settings({}),
        clock=FakeClock(datetime(2026, 1, 5, tzinfo=UTC)),
        poster=SimpleNamespace(),
    )
    app = create_app(cast("Service", with_nothing))
    app.test_client_class = LoopClient
    return app


def served_by(app: Flask) -> Asgi:
    """Return what the web server calls for `app`, made anew where its service has changed."""
    service = app.extensions["kibubu"]
    made: tuple[Service, Asgi] | None = app.extensions.get(SERVED)
    if made is None or made[0] is not service:
        made = app.extensions[SERVED] = (service, on_loop(app))  # goes when the application goes
    return made[1]


def ask(served: Asgi, environ: Any, start: Any) -> list[bytes]:
    """Put a WSGI request to an ASGI application."""
    body = environ["wsgi.input"].read()
    sent: list[Any] = []
    received = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Any:
        return next(received)

    async def send(message: Any) -> None:
        sent.append(message)

    async def answer() -> None:
        await served(scope_of(environ), receive, send)

    asyncio.run_coroutine_threadsafe(answer(), _loop).result(60)
    headers = [
        (name.decode("latin1"), value.decode("latin1")) for name, value in sent[0]["headers"]
    ]
    start(f"{sent[0]['status']} ?", headers)
    return [message.get("body", b"") for message in sent[1:]]


def scope_of(environ: Any) -> dict[str, Any]:
    """Return an ASGI scope of a WSGI environment, as the web server makes it of the socket's."""
    named = {key[5:]: value for key, value in environ.items() if key.startswith("HTTP_")}
    named |= {key: environ[key] for key in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(key)}
    return {
        "type": "http",
        "http_version": "1.1",
        "method": environ["REQUEST_METHOD"],
        "scheme": environ["wsgi.url_scheme"],
        "path": environ["PATH_INFO"].encode("latin1").decode("utf-8", "replace"),
        "query_string": environ["QUERY_STRING"].encode("latin1"),
        "headers": [
            (name.lower().replace("_", "-").encode(), str(value).encode("latin1"))
            for name, value in named.items()
        ],
        "server": (environ["SERVER_NAME"], environ["SERVER_PORT"]),
        "client": ("127.0.0.1", "1"),
    }
