"""What `make run` tells: who is who, and lines to paste that work as they are."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final
from uuid import uuid4

from rich.console import Console
from rich.table import Table

from sms.gateways.africastalking import AfricasTalkingSettings
from wallet.config import Settings
from wallet.markets import MARKETS
from wallet.money import parse_amount
from wallet.running.town.people import (
    CUSTOMERS,
    HOUSE,
    JUMA,
    KIOSKS,
    MAKERS,
    SHOPS,
    STAFF,
    WANJIRU,
    Person,
)
from wallet.running.town.seed import Clients

NOBODY: Final = "+254711555000"
"""A number that has not registered yet."""


def show_people(console: Console, clients: Clients) -> None:
    """Print everybody with what they sign in with."""
    people = Table("Who", "Phone", "PIN", "What", title="People", title_justify="left")
    for person in STAFF:
        people.add_row(person.name, person.msisdn, person.pin, person.about)
    for kiosk in KIOSKS:
        holds = f"{kiosk.name}, float {_shown(kiosk.float_amount, kiosk.currency)}"
        people.add_row(kiosk.keeper.name, kiosk.keeper.msisdn, kiosk.keeper.pin, holds)
    for shop in SHOPS:
        tills = ", ".join(f"{number} ({label})" for number, label in shop.tills)
        what = f"{shop.name}, till {tills}, {_held(shop.period_s)}"
        people.add_row(shop.owner.name, shop.owner.msisdn, shop.owner.pin, what)
    for customer in CUSTOMERS:
        people.add_row(customer.name, customer.msisdn, customer.pin, _wallet(customer))
    console.print(people)
    firms = Table("Who", "Client id", title="Institutions", title_justify="left")
    firms.add_column("Secret", no_wrap=True)  # to be copied whole
    firms.add_column("Has")
    for firm in (HOUSE, *MAKERS):
        has = "\n".join(_shown(amount, currency) for amount, currency in firm.deposits)
        firms.add_row(firm.name, clients[firm.name].client_id, firm.secret, has)
    console.print(firms)


def show_what_to_try(console: Console, url: str, clients: Clients, settings: Settings) -> None:
    """Print commands that work when they are pasted into another terminal."""
    code = MARKETS[WANJIRU.market].service_code
    console.print("\n[bold]Try this, in another terminal[/]")
    for what, command in (
        (f"A feature phone, {WANJIRU.name}'s; dial {code}", f"{_us()} phone {WANJIRU.msisdn}"),
        ("The same, of somebody who is not registered yet", f"{_us()} phone {NOBODY}"),
        ("The API's documentation, to try in a browser", f"{url}/docs"),
        (f"{JUMA.name} sends money; pasted again, nothing moves twice", _send(url)),
        (
            f"{JUMA.name} pays {SHOPS[1].name}; released by itself {SHOPS[1].period_s} s later",
            _pay(url),
        ),
        (f"{HOUSE.name} asks what USD 100 would be to {WANJIRU.name}", _quote(url, clients)),
        ("The texts on a phone, with the codes that the API asks for", _texts(url)),
        ("A hop of the USSD gateway's own protocol", _hop(url, settings, code)),
        ("The books, proved from their entries", f"{_us()} check-books"),
    ):
        console.print(f"\n[dim]# {what}[/]")
        console.print(command, highlight=False, markup=False, soft_wrap=True)


def _held(period_s: int) -> str:
    if period_s == 0:
        return "paid at once"
    days = period_s // 86400
    return f"held for {days} days" if days else f"held for {period_s} seconds"


def _wallet(person: Person) -> str:
    assert person.cash is not None
    wallet = _shown(person.cash, MARKETS[person.market].currency)
    return f"{person.about}, {wallet}" if person.about else f"in {person.market}, {wallet}"


def _shown(amount: str, currency: str) -> str:
    return parse_amount(amount, currency).shown


def _us() -> str:
    """Return our own command as it can be typed from here."""
    command = Path(sys.argv[0]).absolute()
    here = Path.cwd()
    return str(command.relative_to(here)) if command.is_relative_to(here) else str(command)


def _curl(url: str, path: str, body: str, token: str, *, keyed: bool = True) -> str:
    key = f" \\\n  -H 'Idempotency-Key: {uuid4()}'" if keyed else ""
    return (
        f'curl -s {url}{path} \\\n  -H "Authorization: Bearer $({token})"{key} \\\n'
        f"  -H 'Content-Type: application/json' \\\n  -d '{body}'"
    )


def _texts(url: str) -> str:
    return f"curl -s {url}/dev/inbox/{SHOPS[0].owner.msisdn}"


def _send(url: str) -> str:
    body = (
        f'{{"receiver": "{WANJIRU.msisdn}", "pin": "{JUMA.pin}", '
        '"amount": {"amount": "250.00", "currency": "KES"}}'
    )
    return _curl(url, "/v1/sends", body, f"{_us()} token {JUMA.msisdn}")


def _pay(url: str) -> str:
    body = (
        f'{{"till": "{SHOPS[1].tills[0][0]}", "pin": "{JUMA.pin}", '
        '"amount": {"amount": "1500.00", "currency": "KES"}}'
    )
    return _curl(url, "/v1/payments", body, f"{_us()} token {JUMA.msisdn}")


def _quote(url: str, clients: Clients) -> str:
    body = (
        f'{{"receiver": "{WANJIRU.msisdn}", "target": {{"currency": "KES"}}, '
        '"source": {"amount": "100.00", "currency": "USD"}}'
    )
    return _curl(
        url, "/v1/quotes", body, f"{_us()} token {clients[HOUSE.name].client_id}", keyed=False
    )


def _hop(url: str, settings: Settings, code: str) -> str:
    form = {
        "sessionId": "try-1",
        "phoneNumber": WANJIRU.msisdn,
        "serviceCode": code,
        "text": "",
    }
    fields = " ".join(f"--data-urlencode '{name}={value}'" for name, value in form.items())
    token = settings.section(AfricasTalkingSettings).callback_token
    return f"curl -s '{url}/ussd/africastalking?token={token}' \\\n  {fields}"
