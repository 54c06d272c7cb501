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
from typing import Final

from psycopg import OperationalError as PostgresDown
from redis.exceptions import RedisError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ussd.events import Event, Screen
from ussd.hops import Again, New, dialled, read_hop, typed_of
from ussd.menus import STATES
from ussd.menus.question import told
from ussd.paging import in_place_of_head, pages_of
from ussd.reads import Holders
from ussd.sessions import Account, Session, Sessions
from ussd.states import HOME, End, Go, Rejected, State, Turn
from ussd.wording import fitted, refusal, say, with_reason
from wallet.errors import Code, Refused, Unavailable
from wallet.ledger.entries import transaction_by_key
from wallet.phones import parse_msisdn, region_of
from wallet.service import Service

log = logging.getLogger(__name__)

BACK: Final = "0"
START_AGAIN: Final = "00"
MORE: Final = "98"
LONGEST_INPUT: Final = 160
MISTAKES: Final = 3
WAITS: Final = 40
WAIT_S: Final = 0.05

# After a PIN was typed these mean: type it again. Any other refusal ends the session.
TYPE_AGAIN: Final = frozenset(
    {Code.PIN_MALFORMED, Code.PIN_WRONG, Code.PIN_WEAK, Code.PIN_USED_BEFORE}
)
_ENDED: Final = ""


class Machine:
    """The menus on one service. It holds nothing of a session, so any process may take a hop."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._sessions = Sessions(service.valkey, service.settings.token_key)
        self._holders = Holders(service.engine)

    def answer(self, event: Event) -> Screen:
        """Return the screen of a hop, whatever happens."""
        try:
            session = self._sessions.get(event)
        except RedisError as error:
            log.warning("ussd sessions are not reachable: %s", type(error).__name__)
            return self._closing("busy")
        try:
            return self._first(event) if session is None else self._next(event, session)
        except RedisError as error:
            log.warning("ussd sessions are not reachable: %s", type(error).__name__)
            return self._closing("busy", session)
        except (PostgresDown, OperationalError, InterfaceError, PoolTimeout) as error:
            log.warning("the database is not reachable: %s", type(error).__name__)
            return self._closing("busy", session)
        except Unavailable:
            # The session stays where it was: the same hop again settles it, under the same key.
            return self._closing("unsettled", session)
        except Exception as defect:  # noqa: BLE001 -- a defect too is answered with a screen
            log_defect(defect)
            return self._closing("defect", session)

    def last_label(self, event: Event) -> str:
        """Return the label of a session's last screen: where somebody dropped off."""
        session = self._sessions.get(event)
        return session.last.screen.label if session is not None and session.last else "unknown"

    # The first hop -----------------------------------------------------------------------------

    def _first(self, event: Event) -> Screen:
        service = self._service
        try:
            msisdn = parse_msisdn(event.msisdn, "ZZ", service.markets)
        except Refused:
            return self._closing("not_served")
        holder = self._holders.find(msisdn)
        if holder is None:
            market = service.markets[region_of(msisdn)]
            session = Session("register.start", market.languages[0], market.code, msisdn)
            return self._begin(event, session, ())
        session = Session(HOME, holder.language, holder.market, msisdn)
        session.account = Account(holder.id, holder.name, holder.has_pin, holder.status)
        if holder.status == "closed":
            return self._closing("closed", session)
        if not holder.has_pin:
            session.state = "first.pin"
            return self._begin(event, session, ())
        return self._begin(event, session, dialled(event))

    def _begin(self, event: Event, session: Session, inputs: tuple[str, ...]) -> Screen:
        turn = Turn(self._service, self._holders, event, session)
        screen = _go(turn, Go(session.state))
        for number, typed in enumerate(inputs):
            if STATES[session.state].secret:
                # A PIN is no part of what is dialled: this session was under way, and is lost.
                return self._outcome(turn, len(inputs) - number)
            screen = _take(turn, typed)
            if not screen.more:
                break
        return self._store(turn, screen)

    def _outcome(self, turn: Turn, typed: int) -> Screen:
        """Return what a lost session had paid before it was lost; mostly nothing.

        The keys of its last hops are known although the session is not: each input has a position.
        """
        session = turn.session
        for _ in range(min(typed, MISTAKES)):
            session.position += 1
            found = transaction_by_key(self._service.engine, turn.account.id, turn.key)
            if found is not None and found.entries:
                end = told(turn, found)
                return Screen(turn.say(f"ends.{end.name}", end.values), False, f"end.{end.name}")
        return self._closing("lost", session)

    # The following hops ------------------------------------------------------------------------

    def _next(self, event: Event, session: Session) -> Screen:
        found = read_hop(session, self._sessions, event)
        if isinstance(found, Again):
            return found.screen
        if session.state == _ENDED:
            return self._closing("over", session)
        if not isinstance(found, New):
            return self._closing("broken", session)
        turn = Turn(self._service, self._holders, event, session)
        state = STATES.get(session.state)
        if state is None:  # a menu of an older release
            return self._closing("lost", session)
        if len(found.inputs) > 1:
            session.position += len(found.inputs)
            return self._store(turn, _reject(turn, state, turn.say("reasons.separator")))
        if not state.secret:
            return self._store(turn, _take(turn, found.inputs[0]))
        return self._take_secret(turn, found.inputs[0])

    def _take_secret(self, turn: Turn, typed: str) -> Screen:
        """Take a PIN in one delivery only, or two at once would count a wrong one twice."""
        event, position = turn.event, turn.session.position
        if not self._sessions.claim(event, position):
            screen = self._await(event, position)
            if screen is not None:
                return screen  # else the other one died or hangs: the key settles it
        try:
            screen = _take(turn, typed)
        except Exception:
            self._sessions.release(event, position)
            raise
        return self._store(turn, screen)

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

    def _store(self, turn: Turn, screen: Screen) -> Screen:
        event, session = turn.event, turn.session
        typed = typed_of(event)
        session.answered(len(typed), self._sessions.digest(event, typed), screen)
        try:
            self._sessions.put(event, session)
        except RedisError:
            if screen.more and not turn.acted:
                raise
            # Something was done: that is what they must be told. The same hop again replays it.
            log.warning("a ussd session could not be stored after it had done something")
        return screen

    def _closing(self, name: str, session: Session | None = None) -> Screen:
        """Return a last screen about the session itself. It is not stored."""
        market = self._service.markets[session.market] if session else self._service.home
        language = session.language if session else market.languages[0]
        text = say(language, f"ends.{name}", {"service_code": market.service_code})
        return Screen(text, more=False, label=f"end.{name}")


def log_defect(defect: BaseException) -> None:
    """Log where it went wrong, never what was typed: an error's own words may quote it."""
    where = "".join(traceback.format_tb(defect.__traceback__))
    log.error("ussd defect: %s\n%s", type(defect).__name__, where)


def _take(turn: Turn, typed: str) -> Screen:
    """Let the present state take one input; return the screen that follows."""
    session = turn.session
    session.position += 1
    state = STATES[session.state]
    typed = typed.strip()
    try:
        step = _step(turn, state, typed)
    except Rejected as rejected:
        return _reject(turn, state, turn.say(f"reasons.{rejected.reason}", rejected.values))
    except Refused as refused:
        reason = refusal(session.language, refused, turn.market, turn.currency)
        if state.secret and refused.code not in TYPE_AGAIN:
            session.state = _ENDED
            text = with_reason(reason, turn.say("after.nothing_moved"))
            return Screen(text, more=False, label=f"end.{refused.code}")
        return _reject(turn, state, reason)
    session.bad = 0
    return _go(turn, step)


def _step(turn: Turn, state: State, typed: str) -> Go | End:
    if not typed:
        raise Rejected("empty")
    if len(typed) > LONGEST_INPUT:
        raise Rejected("too_long")
    if typed == START_AGAIN and turn.session.account is not None and turn.account.has_pin:
        return Go(HOME)
    if state.lines is not None and typed in {BACK, MORE}:
        page = turn.data.get("page", 0) + (1 if typed == MORE else -1)
        if 0 <= page < len(_pages(turn, state)):
            turn.data["page"] = page
            return Go(_SAME)
        if typed == MORE:
            raise Rejected("not_a_choice")
    if typed == BACK and state.back:
        return Go(state.back)
    return state.take(turn, typed)


_SAME: Final = "."
"""The same state, another page: it is not entered again."""


def _go(turn: Turn, step: Go | End) -> Screen:
    """Enter the next state; return its screen."""
    session = turn.session
    if isinstance(step, Go) and step.state == _SAME:
        return _show(turn, STATES[session.state], "")
    while isinstance(step, Go):
        session.state = step.state
        state = STATES[step.state]
        turn.data.pop("page", None)
        if step.state == HOME:
            turn.data.clear()  # an amount, a name, a currency: nothing of one errand in the next
        following = state.enter(turn) if state.enter is not None else None
        if following is None:
            notice = turn.say(f"notices.{step.notice}") if step.notice else ""
            return _show(turn, state, notice)
        step = following
    session.state = _ENDED
    text = with_reason("", turn.say(f"ends.{step.name}", step.values))
    turn.data.clear()
    return Screen(text, more=False, label=f"end.{step.name}")


def _reject(turn: Turn, state: State, reason: str) -> Screen:
    """Ask again, with the reason first; end kindly after the third mistake in a row."""
    session = turn.session
    session.bad += 1
    if session.bad >= MISTAKES:
        session.state = _ENDED
        values = {"service_code": turn.market.service_code}
        return Screen(turn.say("ends.too_many_mistakes", values), more=False, label="end.mistakes")
    if state.retry:
        session.state = state.retry
        state = STATES[state.retry]
    return _show(turn, state, reason)


def _show(turn: Turn, state: State, reason: str) -> Screen:
    if state.lines is None:
        text = with_reason(reason, _prompt(turn, state))
    else:
        page = _pages(turn, state)[turn.data.get("page", 0)]
        text = fitted(in_place_of_head(reason, page) if reason else page)
    return Screen(text, more=True, label=state.name)


def _prompt(turn: Turn, state: State) -> str:
    name, values = state.ask(turn) if state.ask is not None else (state.name, None)
    return turn.say(f"prompts.{name}", values)


def _pages(turn: Turn, state: State) -> list[str]:
    assert state.lines is not None
    head = turn.say(f"prompts.{state.name}", {"currency": turn.currency})
    return pages_of(head, state.lines(turn), turn.say("lists.foot"), turn.say("lists.more"))
