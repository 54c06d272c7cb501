"""What the service is compared with: a Flask route that does nothing, on the same web server.

`python -m bench.noop PARENT` serves it where KIBUBU_HTTP_PORT says, with as many processes and
threads as the service, until the process PARENT is gone.
"""

from __future__ import annotations

import os
import sys
from functools import partial

from flask import Flask

from wallet.running.settings import read_settings
from wallet.running.web_processes import Application, serve_application, stop_with_parent


def create_app() -> Flask:
    """Return an application of one route."""
    app = Flask("noop", static_folder=None)

    @app.post("/noop")
    def answer() -> dict[str, bool]:
        return {"ok": True}

    return app


def load(parent: int) -> Application:
    """Return the application of one web process; called in that process."""
    stop_with_parent(parent)
    return create_app()


if __name__ == "__main__":
    stop_with_parent(int(sys.argv[1]))
    serve_application(read_settings(os.environ), partial(load, os.getpid()), interface="wsgi")
