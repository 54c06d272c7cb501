"""Where the running town is, so that commands in another terminal find it without settings.

A town writes its addresses into its run directory. The directory is locked while its owner lives
(wallet/running/embedded/directories.py), so a town that was killed is never found.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from wallet.running.embedded.directories import base_directory, is_alive

FILE: Final = "town.json"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a town's servers are, and its web process; `folder` holds everything of it."""

    folder: str
    database_url: str
    owner_url: str  # of the tables' owner, for migrations
    redis_url: str
    http_url: str

    @property
    def port(self) -> str:
        """Where its web process listens."""
        return self.http_url.rpartition(":")[2]

    @property
    def bank_dir(self) -> Path:
        """Where payments to banks are written."""
        return Path(self.folder) / "bank"


def record(addresses: Addresses) -> None:
    """Let other commands of this user find the town."""
    folder = Path(addresses.folder)
    draft = folder / f"{FILE}.draft"
    draft.write_text(json.dumps(asdict(addresses)))
    draft.chmod(0o600)
    draft.rename(folder / FILE)


def find(port: str | None = None) -> Addresses | None:
    """Return the addresses of the town that was started last, None where none is running.

    Where `port` is given it is the town whose web process listens there.
    """
    folders = [
        folder
        for folder in base_directory().glob("*/")
        if (folder / FILE).exists() and is_alive(folder)
    ]
    folders.sort(key=lambda folder: (folder / FILE).stat().st_ctime, reverse=True)
    towns = (Addresses(**json.loads((folder / FILE).read_text())) for folder in folders)
    return next((town for town in towns if port is None or town.port == port), None)
