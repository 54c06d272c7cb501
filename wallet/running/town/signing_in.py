"""`kibubu token`: signs in to the running town as somebody, over HTTP and SMS as they would."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, text

from wallet.database import make_engine
from wallet.errors import Refused
from wallet.markets import MARKETS
from wallet.numbers import parse_msisdn
from wallet.running.town.actors import App, Inbox, Unexpected
from wallet.running.town.people import CUSTOMERS, HOUSE, KIOSKS, MAKERS, SHOPS, STAFF, Firm, Person
from wallet.running.town.processes import CannotRun
from wallet.running.town.state import Addresses

EVERYBODY: Final = (
    *STAFF,
    *(kiosk.keeper for kiosk in KIOSKS),
    *(shop.owner for shop in SHOPS),
    *CUSTOMERS,
)
FIRM_NAME: Final = text("""
    SELECT h.name FROM partners p JOIN holders h ON h.id = p.holder_id WHERE p.client_id = :id
""")


def token_of(who: str, pin: str | None, town: Addresses) -> str:
    """Return an access token of a person, by phone number, or of a firm, by client id."""
    app = App(town.http_url)
    engine = make_engine(town.database_url, pool_size=1)
    try:
        firm = _firm(engine, who)
        if firm is not None:
            app.sign_in_firm(firm, who)
        else:
            _sign_in(app, engine, _person(who, pin), Path(town.folder))
        return app.token
    except Unexpected as error:
        raise CannotRun(str(error)) from error
    finally:
        app.close()
        engine.dispose()


def _sign_in(app: App, engine: Engine, person: Person, folder: Path) -> None:
    """Sign in, without another code where that can be: a number gets only a few an hour."""
    kept = folder / f"{person.msisdn}.token"
    if kept.exists():
        with suppress(Unexpected):
            app.refresh(kept.read_text())
    if not app.token:
        app.sign_in(person, Inbox(engine, person.msisdn))
    kept.touch(mode=0o600)
    kept.write_text(app.refresh_token)


def _firm(engine: Engine, client_id: str) -> Firm | None:
    with engine.connect() as connection:
        name = connection.execute(FIRM_NAME, {"id": client_id}).scalar_one_or_none()
    return next((each for each in (HOUSE, *MAKERS) if each.name == name), None)


def _person(who: str, pin: str | None) -> Person:
    try:
        msisdn = parse_msisdn(who, "KE", MARKETS)
    except Refused as refusal:
        raise CannotRun(f"{who} is neither a phone number nor a client id here.") from refusal
    for person in EVERYBODY:
        if person.msisdn == msisdn:
            return replace(person, pin=pin or person.pin)
    if pin is None:
        raise CannotRun(f"{msisdn} is nobody the town began with: say their PIN with --pin.")
    return Person("", msisdn, pin)
