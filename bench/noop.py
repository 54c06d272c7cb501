"""What the service is compared with: a Flask route that does nothing, on the same web server.

`python -m bench.noop PARENT` serves it where KIBUBU_HTTP_PORT says, with as many processes and
threads as the service, until the process PARENT is gone.
"""

from __future__ import annotations

import os
import sys

from flask import Flask

from wallet.running.settings import read_settings
from wallet.running.supervisor import stop_with_parent
from wallet.running.web_processes import serve_application


def create_app() -> Flask:
    """Return an application of one route."""
    app = Flask("noop", static_folder=None)

    @app.post("/noop")
    def answer() -> dict[str, bool]:
        return {"ok": True}

    return app


if __name__ == "__main__":
    stop_with_parent(int(sys.argv[1]))
    serve_application(read_settings(os.environ), create_app, interface="wsgi")
