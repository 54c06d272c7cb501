"""The machine: one event in, one screen out. It advances from what is stored, never by replay.

- The same text again gets the stored screen, and nothing is done.
- Money is moved under a key made of gateway, session and position, so a hop that is repeated
  because its answer was lost replays the first outcome.
- A session that is gone cannot be told from a dialled path such as `*384*77*1*2#`. Both are
  walked through the menus, which does nothing, up to where a PIN would be taken: a PIN is taken
  only from somebody whom this session has just asked for it.
"""

from __future__ import annotations

import logging
import time
import traceback
from typing import Final, Self

from psycopg import OperationalError as PostgresDown
from redis.exceptions import RedisError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ussd.events import Event, Screen
from ussd.hops import Again, New, dialled, read_hop, typed_of
from ussd.menus import STATES
from ussd.menus.transactions import is_worth_telling, went_through
from ussd.reads import Holders, KnownHolder
from ussd.sessions import Account, Session, Sessions
from ussd.states import HOME, Go, ThreadTurn, Turn, in_thread
from ussd.steps import ENDED, MISTAKES, go, reject, take
from ussd.wording import say
from wallet.errors import Refused, Unavailable
from wallet.ledger.entries import transaction_by_key
from wallet.numbers import parse_msisdn, region_of
from wallet.service import Service

log = logging.getLogger(__name__)

Step = tuple[Screen, Session | None]
"""A screen, and the session as it shall be stored; None where it stays as it is."""
DOWN: Final = (RedisError, PostgresDown, OperationalError, InterfaceError, PoolTimeout)
"""What is raised while Valkey or Postgres cannot be reached."""
WAITS: Final = 40
WAIT_S: Final = 0.05


class Machine:
    """The menus on one service. It holds nothing of a session, so any process may take a hop."""

    def __init__(self, service: Service, sessions: Sessions, holders: Holders) -> None:
        self._service = service
        self._sessions = sessions
        self._holders = holders

    @classmethod
    def of(cls, service: Service) -> Self:
        """Return the machine of a service, its sessions in Valkey and its holders in Postgres."""
        return cls(service, Sessions.of(service), Holders(service.engine))

    def answer(self, event: Event) -> Screen:
        """Return the screen of a hop, whatever happens. It waits: call it in a thread."""
        session = None
        try:
            session = self._sessions.get(event)
            screen, after = self.step(event, session)
            if after is not None:
                try:
                    self._sessions.put(event, after)
                except RedisError as error:
                    self.check_unstored(error, screen, after)
        except Exception as error:  # noqa: BLE001 -- a defect too is answered with a screen
            return self.failed(error, session)
        return screen

    def step(self, event: Event, session: Session | None) -> Step:
        """Return the screen of a hop, and the session to be stored. It waits, for all but that."""
        if session is None:
            return self._first(event)
        return self.advance(self._turn(event, session))

    def check_unstored(self, error: RedisError, screen: Screen, after: Session) -> None:
        """Raise why a session could not be stored, but where something was done in it.

        That is what they must be told. The same hop again replays it.
        """
        if screen.more and not after.acted:
            raise error
        log.warning("a ussd session could not be stored after it had done something")

    def failed(self, error: Exception, session: Session | None) -> Screen:
        """Return the last screen of a hop in which this was raised."""
        if isinstance(error, Unavailable):
            # The session stays where it was: the same hop again settles it, under the same key.
            return self._closing("unsettled", session)
        if isinstance(error, DOWN):
            what = "ussd sessions are" if isinstance(error, RedisError) else "the database is"
            log.warning("%s not reachable: %s", what, type(error).__name__)
            return self._closing("busy", session)
        log_defect(error)
        return self._closing("defect", session)

    def last_label(self, event: Event) -> str:
        """Return the label of a session's last screen: where somebody dropped off."""
        session = self._sessions.get(event)
        return session.last.screen.label if session is not None and session.last else "unknown"

    # The first hop -----------------------------------------------------------------------------

    def _first(self, event: Event) -> Step:
        try:
            msisdn = parse_msisdn(event.msisdn, "ZZ", self._service.markets)
        except Refused:
            return self._closing("not_served"), None
        session = self.opened(msisdn, self._holders.find(msisdn))
        return self.begin(self._turn(event, session))

    def _turn(self, event: Event, session: Session) -> ThreadTurn:
        return ThreadTurn(self._service, event, session, self._holders)

    def opened(self, msisdn: str, holder: KnownHolder | None) -> Session:
        """Return the session that whoever has this number begins."""
        if holder is None:
            market = self._service.markets[region_of(msisdn)]
            return Session("register.start", market.languages[0], market.code, msisdn)
        session = Session(HOME, holder.language, holder.market, msisdn)
        session.account = Account(holder.id, holder.name, holder.has_pin, holder.status)
        if not holder.has_pin:
            session.state = "first.pin"
        return session

    def begin(self, turn: Turn) -> Step:
        """Return the first screen, and the session to be stored. Raises `NeedsThread`."""
        session = turn.session
        if session.account is not None and session.account.status == "closed":
            return self._closing("closed", session), None
        inputs = dialled(turn.event) if session.state == HOME else ()
        screen = go(turn, Go(session.state))
        strayed = False
        for number, typed in enumerate(inputs):
            if STATES[session.state].secret:
                # A PIN is no part of what is dialled: this session was under way, and is lost.
                return self._outcome(in_thread(turn), len(inputs) - number), None
            screen = take(turn, typed)
            strayed = strayed or session.bad > 0
            if not screen.more:
                break
        if strayed:
            # Perhaps the menus are not those of before, because this very session has done it.
            session.position = len(inputs)
            if (done := self._done(in_thread(turn))) is not None:
                return done, None
        return self._answered(turn, screen)

    def _outcome(self, turn: ThreadTurn, typed: int) -> Screen:
        """Return what a lost session had done before it was lost; mostly nothing.

        The keys of its last hops are known although the session is not: each input has a position.
        """
        session = turn.session
        for _ in range(min(typed, MISTAKES)):
            session.position += 1
            if (done := self._done(turn)) is not None:
                return done
        return self._closing("lost", session)

    def _done(self, turn: ThreadTurn) -> Screen | None:
        """Return what is said of what was done at this position, None where nothing was."""
        found = transaction_by_key(turn.service.engine, turn.account.id, turn.key)
        if found is None or not is_worth_telling(found):
            return None
        end = went_through(turn, found)
        return Screen(turn.say(f"ends.{end.name}", end.values), False, f"end.{end.name}")

    # The following hops ------------------------------------------------------------------------

    def advance(self, turn: Turn) -> Step:
        """Return the screen that follows, and the session to be stored, if it is.

        Raises `NeedsThread`.
        """
        event, session = turn.event, turn.session
        found = read_hop(session, self._sessions, event)
        if isinstance(found, Again):
            return found.screen, None
        if session.state == ENDED:
            return self._closing("over", session), None
        if not isinstance(found, New):
            return self._closing("broken", session), None
        state = STATES.get(session.state)
        if state is None:  # a menu of an older release
            return self._closing("lost", session), None
        if len(found.inputs) > 1:
            session.position += len(found.inputs)
            return self._answered(turn, reject(turn, state, turn.say("reasons.separator")))
        if not state.secret:
            return self._answered(turn, take(turn, found.inputs[0]))
        return self._take_secret(in_thread(turn), found.inputs[0])

    def _take_secret(self, turn: ThreadTurn, typed: str) -> Step:
        """Take a PIN in one delivery only, or two at once would count a wrong one twice."""
        event, position = turn.event, turn.session.position
        if not self._sessions.claim(event, position):
            screen = self._await(event, position)
            if screen is not None:
                return screen, None  # else the other one died or hangs: the key settles it
        try:
            screen = take(turn, typed)
        except Exception:
            self._sessions.release(event, position)
            raise
        return self._answered(turn, screen)

    def _await(self, event: Event, position: int) -> Screen | None:
        """Return what the other delivery of this hop was answered; None where it was not yet."""
        for _ in range(WAITS):
            time.sleep(WAIT_S)
            session = self._sessions.get(event)
            if session is None or session.last is None:
                return self._closing("unsettled")
            if session.position != position:
                return session.last.screen
        return None

    def _answered(self, turn: Turn, screen: Screen) -> Step:
        event, session = turn.event, turn.session
        typed = typed_of(event)
        session.answered(len(typed), self._sessions.digest(event, typed), screen)
        return screen, session

    def _closing(self, name: str, session: Session | None = None) -> Screen:
        """Return a last screen about the session itself. It is not stored."""
        market = self._service.markets[session.market] if session else self._service.home
        language = session.language if session else market.languages[0]
        text = say(language, f"ends.{name}", {"service_code": market.service_code})
        return Screen(text, more=False, label=f"end.{name}")


def log_defect(defect: BaseException) -> None:
    """Log where it went wrong, never what was typed: an error's own words may quote it.

    What the poster has told already (`wallet.errors.tell_defect`) is not told again.
    """
    if hasattr(defect, "told_as"):
        return
    where = "".join(traceback.format_tb(defect.__traceback__))
    log.error("ussd defect: %s\n%s", type(defect).__name__, where)
