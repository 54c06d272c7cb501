"""`kibubu`: what is run, and what an operator types.

Where DATABASE_URL and REDIS_URL are unset (development), commands that look at a running service
find the town that `make run` started: the newest, or the one on KIBUBU_HTTP_PORT where that is set.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial, wraps
from typing import Final, ParamSpec

import click

from wallet.config import BadSettings, Settings
from wallet.running.town import state
from wallet.running.town.state import Addresses

Parameters = ParamSpec("Parameters")

NO_TOWN: Final = (
    "No town is running {}. Start one with `make run`, or set DATABASE_URL and REDIS_URL."
)
PARENT: Final = click.option("--parent", type=int, hidden=True)  # stop when this process is gone


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kibubu", prog_name="kibubu")
def main() -> None:
    """Kibubu: a mobile-wallet payment backend."""


def reported(command: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """Tell what went wrong outside of us in a sentence; only our own defects have a traceback."""

    @wraps(command)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        from sqlalchemy.exc import OperationalError

        from wallet.database import CannotMigrate, OpenWall
        from wallet.running.embedded import CannotStart, UnsafeDirectory
        from wallet.running.handset import CannotCall
        from wallet.running.hiring import CannotHire
        from wallet.running.town.actors import Unexpected
        from wallet.running.town.processes import CannotRun

        try:
            command(*args, **kwargs)
        except (
            BadSettings,
            CannotCall,
            CannotHire,
            CannotMigrate,
            CannotRun,
            CannotStart,
            OpenWall,
            UnsafeDirectory,
            Unexpected,
        ) as error:
            raise click.ClickException(str(error)) from error
        except OperationalError as error:
            raise click.ClickException(f"The database does not answer: {error.orig}") from error

    return run


@main.command()
@PARENT
@reported
def serve(parent: int | None) -> None:
    """Serve HTTP and USSD: KIBUBU_WEB_PROCESSES processes with KIBUBU_WEB_THREADS threads each."""
    from wallet.running import web_processes
    from wallet.running.supervisor import stop_with_parent
    from wallet.running.town.processes import check_port

    settings = read_settings()
    database_url, redis_url = database_of(settings), redis_of(settings)
    check_port(settings.http_host, settings.http_port)
    check_role(settings, database_url)
    if parent is not None:
        stop_with_parent(parent)
    click.echo(f"Serving on http://{settings.http_host}:{settings.http_port}")
    web_processes.serve(settings, database_url, redis_url)


@main.command()
@PARENT
@reported
def worker(parent: int | None) -> None:
    """Deliver texts, do what is due, pay lists, hand payouts over. Run any number."""
    from wallet.running.supervisor import Kept, Supervisor, forked, stop_with_parent
    from wallet.running.worker import run
    from wallet.web.logs import configure_logging

    configure_logging()
    settings = read_settings()
    database_url, redis_url = database_of(settings), redis_of(settings)
    check_role(settings, database_url)
    if parent is not None:
        stop_with_parent(parent)
    start = partial(forked, "worker", partial(run, settings, database_url, redis_url))
    Supervisor([[Kept("worker", start)]]).run()


@main.command()
@reported
def migrate() -> None:
    """Bring the database's schema up to date."""
    from wallet import database

    settings = read_settings()
    application = role_in(database_of(settings))
    database.migrate(owner_of(settings), application=application)
    click.echo("The schema is up to date.")


@main.command()
@click.argument("number")
@reported
def hire(number: str) -> None:
    """Let the holder of a phone number work for the operator: as the tables' owner."""
    from wallet.running.hiring import hire_number
    from wallet.service import Service

    settings = read_settings()
    database_url, redis_url = database_of(settings), redis_of(settings)
    service = Service.start(settings, database_url=database_url, redis_url=redis_url)
    try:
        hire_number(service, owner_of(settings), number)
    finally:
        service.close()
    click.echo(f"The holder of {number} works for the operator.")


@main.command("check-books")
@reported
def check_books() -> None:
    """Prove the books from their entries; exit 1 when anything is wrong."""
    from rich.console import Console

    from wallet.database import make_engine
    from wallet.running.books import show_books

    engine = make_engine(database_of(read_settings()), pool_size=1)
    try:
        is_clean = show_books(engine, Console())
    finally:
        engine.dispose()
    sys.exit(0 if is_clean else 1)


@main.command()
@click.argument("number")
@reported
def phone(number: str) -> None:
    """A feature phone in the terminal: dials the running service, shows its texts."""
    from wallet.running import handset

    handset.phone(number, http_url())


@main.command()
@click.argument("who")
@click.option("--pin", help="Where it is not the one that the town began with.")
@reported
def token(who: str, pin: str | None) -> None:
    """Sign in to the running town: a phone number, or an institution's client id."""
    from wallet.running.town.signing_in import token_of

    click.echo(token_of(who, pin, _town()))


@main.command()
@reported
def town() -> None:
    """A small demo town to try things in; Ctrl-C stops everything."""
    from wallet.running.town.run import run_town

    run_town(development_settings())


@main.command()
@reported
def demo() -> None:
    """Play the main job in a town of its own, over HTTP, USSD and SMS; then check the books."""
    from wallet.running.demo import run_demo

    run_demo(development_settings())


def read_settings() -> Settings:
    """Return the settings; in a running town the bank's folder is the town's."""
    from wallet.banking.settings import BankSettings
    from wallet.running.settings import read_settings as read

    settings = read(os.environ)
    if settings.database_url is None and (found := running_town()) is not None:
        return settings.having(replace(settings.section(BankSettings), folder=found.bank_dir))
    return settings


def development_settings() -> Settings:
    """Return the settings, unless they are production's: everybody knows the town's PINs."""
    settings = read_settings()
    if settings.environment == "production":
        raise click.ClickException(
            "A demo town has published PINs: not with KIBUBU_ENV=production."
        )
    return settings


def database_of(settings: Settings) -> str:
    """Return the database's address: DATABASE_URL, else the running town's."""
    return settings.database_url or _town().database_url


def check_role(settings: Settings, database_url: str) -> None:
    """Raise `OpenWall` in production where we would serve with the owner's rights."""
    from sqlalchemy.exc import OperationalError

    from wallet.database import check_wall, make_engine

    must_stand = settings.environment == "production"
    engine = make_engine(database_url, pool_size=1)
    try:
        check_wall(engine, must_stand=must_stand)
    except OperationalError:
        if must_stand:
            raise
    finally:
        engine.dispose()


def owner_of(settings: Settings) -> str:
    """Return the database's address for migrations, which the tables' owner runs."""
    if settings.owner_database_url is None and settings.database_url is None:
        return _town().owner_url
    return settings.owner_database_url or database_of(settings)


def role_in(database_url: str) -> str | None:
    """Return the role that an address serves as; None where it names none."""
    from wallet.database import database_address

    return database_address(database_url).username


def redis_of(settings: Settings) -> str:
    """Return Valkey's address: REDIS_URL, else the running town's."""
    return settings.redis_url or _town().redis_url


def http_url() -> str:
    """Return the service's address: the running town's, else the one configured."""
    if (found := running_town()) is not None:
        return found.http_url
    settings = read_settings()
    return f"http://{settings.http_host}:{settings.http_port}"


def running_town() -> Addresses | None:
    """Return where the town is that other commands of this terminal talk to."""
    return state.find(os.environ.get("KIBUBU_HTTP_PORT"))


def _town() -> Addresses:
    found = running_town()
    if found is None:
        port = os.environ.get("KIBUBU_HTTP_PORT")
        raise click.ClickException(NO_TOWN.format(f"on port {port}" if port else "here"))
    return found


if __name__ == "__main__":
    main()
