"""`python -m wallet.running.embedded COMMAND...`: a command beside fresh servers."""

import os
import signal
import subprocess
import sys

from wallet.running.embedded import EmbeddedServices
from wallet.running.embedded.directories import newest_alive
from wallet.running.embedded.programs import postgres_programs
from wallet.running.embedded.servers import DATABASE, OWNER


def main(arguments: list[str]) -> int:
    """Run a command beside a fresh pair, or psql on the newest."""
    if arguments == ["psql"]:
        return _psql()
    if not arguments:
        print("usage: python -m wallet.running.embedded COMMAND... | psql", file=sys.stderr)  # noqa: T201
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with EmbeddedServices.start(name="command") as services:
        urls = {
            "DATABASE_URL": services.database_url,
            "KIBUBU_OWNER_DATABASE_URL": services.owner_url,
            "REDIS_URL": services.redis_url,
        }
        return subprocess.run(arguments, env=os.environ | urls, check=False).returncode


def _psql() -> int:
    folder = newest_alive()
    if folder is None:
        print("No embedded database is running: start one with `make run`.", file=sys.stderr)  # noqa: T201
        return 1
    url = f"postgresql://{OWNER}@/{DATABASE}?host={folder / 'pg'}"
    return subprocess.run([str(postgres_programs() / "psql"), url], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
