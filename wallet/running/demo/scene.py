"""The stage: who acts through what, what is told, and what is checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from sqlalchemy import Engine

from sms.gateways.africastalking import AfricasTalkingSettings
from wallet.config import Settings
from wallet.markets import MARKETS
from wallet.money import Money, parse_amount
from wallet.running.handset import Handset
from wallet.running.town.actors import App, Inbox, Unexpected
from wallet.running.town.people import Firm, Person
from wallet.running.town.seed import Clients
from wallet.running.town.state import Addresses

HIDDEN: Final = "****"


class Actor:
    """One person, with their own phone, their own inbox and their own token."""

    def __init__(self, scene: Scene, person: Person) -> None:
        self.scene = scene
        self.person = person
        self.inbox = Inbox(scene.engine, person.msisdn)
        self.texts: list[str] = []

    @cached_property
    def app(self) -> App:
        """The API, once they have signed in."""
        app = self.scene.new_app()
        code = app.sign_in(self.person, self.inbox)
        self.scene.text(self.person, code)
        self.texts.append(code)
        self.scene.say(f"{self.person.name} signs in with that code and a PIN.")
        return app

    def dial(self, *inputs: str) -> list[str]:
        """Play a USSD session on their phone, showing each hop; PINs are not shown."""
        code = MARKETS[self.person.market].service_code
        scene = self.scene
        token = scene.settings.section(AfricasTalkingSettings).callback_token
        phone = Handset(self.person.msisdn, scene.addresses.http_url, token, code)
        screens = [phone.dial(code)]
        scene.hop(self.person, code, screens[0])
        for typed in inputs:
            if phone.text is None:
                raise Unexpected(f"the session was over too soon: {screens[-1]}")
            screens.append(phone.type(typed))
            scene.hop(self.person, HIDDEN if typed == self.person.pin else typed, screens[-1])
        if phone.text is not None:
            phone.hang_up()
        return screens

    def reads(self, pattern: str, timeout_s: float = 15.0) -> str:
        """Wait for a text on their phone, and show it."""
        body, _ = self.inbox.wait_for(pattern, timeout_s)
        self.scene.text(self.person, body)
        self.texts.append(body)
        return body

    def balance(self, kind: str = "wallet") -> Money:
        """Return what the API says they have."""
        for account in self.app.get("/v1/wallets")["items"]:
            if account["kind"] == kind:
                return money(account["balance"])
        raise Unexpected(f"{self.person.name} has no {kind}")


@dataclass
class Scene:
    """Everything the story needs. `checks` counts the claims that held."""

    console: Console
    addresses: Addresses
    settings: Settings
    engine: Engine
    clients: Clients
    checks: int = 0
    kept: dict[str, Any] = field(default_factory=dict)
    _actors: dict[str, Actor] = field(default_factory=dict)
    _apps: list[App] = field(default_factory=list)

    def actor(self, person: Person) -> Actor:
        """Return somebody; the same one each time."""
        if person.msisdn not in self._actors:
            self._actors[person.msisdn] = Actor(self, person)
        return self._actors[person.msisdn]

    def firm(self, firm: Firm) -> App:
        """Return an institution's client, signed in with its credentials."""
        app = self.new_app()
        app.sign_in_firm(firm, self.clients[firm.name].client_id)
        return app

    def new_app(self) -> App:
        """Return a client that nobody has signed in with."""
        app = App(self.addresses.http_url)
        self._apps.append(app)
        return app

    def close(self) -> None:
        """Let go of every client's connections."""
        for app in self._apps:
            app.close()

    # What is told ------------------------------------------------------------------------------

    def title(self, number: int, words: str) -> None:
        self.console.print()
        self.console.rule(f"[bold]{number}. {escape(words)}", align="left")

    def say(self, words: str) -> None:
        self.console.print(f"  {escape(words)}", soft_wrap=True)

    def hop(self, person: Person, typed: str, screen: str) -> None:
        first, _, rest = screen.partition("\n")
        self.console.print(f"  [cyan]USSD {escape(person.name)} >[/] {escape(typed)}")
        self.console.print(f"       [dim]<[/] {escape(first)}", soft_wrap=True)
        for line in rest.splitlines():
            self.console.print(f"         {escape(line)}", soft_wrap=True)

    def text(self, person: Person, body: str) -> None:
        self.console.print(
            f"  [magenta]SMS  {escape(person.name)}:[/] {escape(body)}", soft_wrap=True
        )

    def call(self, who: str, what: str) -> None:
        self.console.print(f"  [blue]HTTP {escape(who)}:[/] {escape(what)}", soft_wrap=True)

    def check(self, claim: str, *, holds: bool) -> None:
        """Hold the service to a claim. Raises `Unexpected` where it is not so."""
        if not holds:
            raise Unexpected(f"this should be so, and is not: {claim}")
        self.checks += 1
        self.console.print(f"  [green]✓[/] {escape(claim)}")


def money(shown: dict[str, str]) -> Money:
    """Return an amount of the API's; zero and less are amounts too."""
    currency, text = shown["currency"], shown["amount"]
    if not Decimal(text):
        return Money(currency, 0)
    found = parse_amount(text.removeprefix("-"), currency)
    return -found if text.startswith("-") else found


def kes(text: str) -> Money:
    """Return an amount of shillings."""
    return parse_amount(text, "KES")
