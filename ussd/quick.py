"""Hops on the event loop: most of them only look at a session and go one menu further.

Sessions and holders are asked for many hops at a time. A hop that goes where a state needs a
thread is done again in one, from the session as it was: nothing of it has been done by then. The
loop stores what comes of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from redis.exceptions import RedisError

from ussd.batched_lookups import BatchedLookups
from ussd.events import Event, Screen
from ussd.link import Command, LoopLink, get_command, set_command
from ussd.machine import DOWN, Machine, Step, log_defect
from ussd.reads import Holders, KnownHolder, LoopHolders
from ussd.sessions import LIFETIME_S, Session, Sessions, name_of, pack, unpack
from ussd.states import NeedsThread, Turn
from wallet.errors import Refused, Unavailable
from wallet.numbers import parse_msisdn
from wallet.service import VALKEY_TIMEOUT_S

if TYPE_CHECKING:
    from wallet.service import Service

Told = TypeVar("Told")


class QuickHops:
    """Answers plain hops of one event loop."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._pool = ThreadPoolExecutor(service.settings.web_threads, "ussd")
        link, holders = LoopLink(service.valkey_url, VALKEY_TIMEOUT_S), Holders(service.engine)
        self._machine = Machine(service, Sessions.of(service), holders)
        self._valkey: BatchedLookups[Command, bytes | None] = BatchedLookups(link.exchange)
        self._holders: BatchedLookups[str, KnownHolder | None] = BatchedLookups(
            LoopHolders(service.engine).find_all
        )

    async def answer(self, event: Event) -> Screen:
        """Return the screen of a hop, whatever happens.

        What is down has been waited for here, so it is not asked again in a thread. After a defect
        it is: there may be none on that way.
        """
        session, in_thread = None, False
        try:
            name = name_of(event)
            packed = await self._valkey.ask(get_command(name))
            session = None if packed is None else unpack(packed)
            try:
                screen, after = await self._step(event, session)
            except NeedsThread:
                in_thread = True
                session = None if packed is None else unpack(packed)  # as nobody has touched it
                screen, after = await self._in_thread(self._machine.step, event, session)
            if after is not None:
                await self._store(name, screen, after)
        except (*DOWN, Unavailable) as error:
            return self._machine.failed(error, session)
        except Exception as defect:  # noqa: BLE001 -- a thread answers, whatever it is
            if in_thread:
                return self._machine.failed(defect, session)
            log_defect(defect)
            return await self._in_thread(self._machine.answer, event)
        return screen

    async def _in_thread(self, ask: Callable[..., Told], *of: object) -> Told:
        return await asyncio.get_running_loop().run_in_executor(self._pool, ask, *of)

    async def _store(self, name: bytes, screen: Screen, after: Session) -> None:
        try:
            await self._valkey.ask(set_command(name, pack(after), LIFETIME_S))
        except RedisError as error:
            self._machine.check_unstored(error, screen, after)

    async def _step(self, event: Event, session: Session | None) -> Step:
        if session is None:
            return await self._begin(event)
        return self._machine.advance(Turn(self._service, event, session))

    async def _begin(self, event: Event) -> Step:
        try:
            msisdn = parse_msisdn(event.msisdn, "ZZ", self._service.markets)
        except Refused:
            raise NeedsThread from None  # who is not served is told so there
        session = self._machine.opened(msisdn, await self._holders.ask(msisdn))
        return self._machine.begin(Turn(self._service, event, session))
