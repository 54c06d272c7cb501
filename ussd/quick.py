"""Hops on the event loop: most of them only look at a session and go one menu further.

Sessions and holders are asked for many hops at a time. A hop that needs anything else — money, a
list out of Postgres, a PIN — is left to the machine in a thread, as it came: until its session is
stored, nothing of a hop has been done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, cast

from ussd.events import Event, Screen
from ussd.link import Command, Link, get_command, set_command
from ussd.machine import Machine
from ussd.reads import Holders, KnownHolder
from ussd.sessions import LIFETIME_S, Sessions, name_of, pack, unpack
from wallet.gather import Gatherer
from wallet.numbers import parse_msisdn

if TYPE_CHECKING:
    from redis import Redis

    from wallet.service import Service


class Elsewhere(Exception):
    """The hop needs what is not at hand here."""


class Aside:
    """Stands for a part that hops on the loop do not use: whatever it is asked for is elsewhere."""

    def __getattr__(self, _: str) -> NoReturn:
        raise Elsewhere


class Terms(Aside):
    """Of a service what every menu looks at: the markets and the settings."""

    def __init__(self, service: Service) -> None:
        self.markets, self.settings, self.home = service.markets, service.settings, service.home


class QuickHops:
    """Answers plain hops of one event loop."""

    def __init__(self, service: Service) -> None:
        aside, terms = Aside(), cast("Service", Terms(service))
        sessions = Sessions(cast("Redis", aside), service.settings.token_key)
        self._machine = Machine(terms, sessions, cast("Holders", aside))
        self._markets = service.markets
        link, holders = Link(service.valkey), Holders(service.engine)
        self._valkey: Gatherer[Command, bytes | None] = Gatherer("ussd sessions", link.exchange)
        self._holders: Gatherer[str, KnownHolder | None] = Gatherer(
            "ussd holders", holders.find_all
        )

    async def answer(self, event: Event) -> Screen | None:
        """Return the screen of a hop, or None where it has to be asked for elsewhere.

        Raises whatever a hop in a thread would answer with a last screen.
        """
        name = name_of(event)
        packed = await self._valkey.ask(get_command(name))
        session = None if packed is None else unpack(packed)
        try:
            if session is not None:
                screen, after = self._machine.advance(event, session)
            else:
                msisdn = parse_msisdn(event.msisdn, "ZZ", self._markets)
                holder = await self._holders.ask(msisdn)
                screen, after = self._machine.begin(event, msisdn, holder)
        except Elsewhere:
            return None
        if after is not None:
            await self._valkey.ask(set_command(name, pack(after), LIFETIME_S))
        return screen
