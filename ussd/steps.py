"""What one input does: taken by the present state, or asked for again with the reason first.

After three mistakes in a row the session ends kindly. Nothing here knows of deliveries. What needs
a thread raises `NeedsThread` on the event loop, where the session is then not stored.
"""

from __future__ import annotations

from typing import Final

from ussd.events import Screen
from ussd.menus import STATES
from ussd.paging import in_place_of_head, pages_of
from ussd.states import HOME, End, Go, InThread, Rejected, State, Turn, in_thread
from ussd.wording import fitted, refusal, with_reason
from wallet.errors import Code, Refused
from wallet.pasted import plain

BACK: Final = "0"
START_AGAIN: Final = "00"
MORE: Final = "98"
LONGEST_INPUT: Final = 160
MISTAKES: Final = 3

# After a PIN was typed these mean: type it again. Any other refusal ends the session.
TYPE_AGAIN: Final = frozenset(
    {Code.PIN_MALFORMED, Code.PIN_WRONG, Code.PIN_WEAK, Code.PIN_USED_BEFORE}
)
ENDED: Final = ""
"""The state of a session that is over."""
_SAME: Final = "."
"""The same state, another page: it is not entered again."""


def take(turn: Turn, typed: str) -> Screen:
    """Let the present state take one input; return the screen that follows."""
    session = turn.session
    session.position += 1
    state = STATES[session.state]
    typed = plain(typed)
    try:
        step = _step(turn, state, typed)
    except Rejected as rejected:
        return reject(turn, state, turn.say(f"reasons.{rejected.reason}", rejected.values))
    except Refused as refused:
        reason = refusal(session.language, refused, turn.market, turn.currency)
        if state.secret and refused.code not in TYPE_AGAIN:
            session.state = ENDED
            text = with_reason(reason, turn.say("after.nothing_moved"))
            return Screen(text, more=False, label=f"end.{refused.code}")
        return reject(turn, state, reason)
    session.bad = 0
    return go(turn, step)


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
    if isinstance(state.take, InThread):
        return state.take.take(in_thread(turn), typed)
    return state.take(turn, typed)


def go(turn: Turn, step: Go | End) -> Screen:
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
        following = state.enter(in_thread(turn)) if state.enter is not None else None
        if following is None:
            notice = turn.say(f"notices.{step.notice}") if step.notice else ""
            return _show(turn, state, notice)
        step = following
    session.state = ENDED
    text = with_reason("", turn.say(f"ends.{step.name}", step.values))
    turn.data.clear()
    return Screen(text, more=False, label=f"end.{step.name}")


def reject(turn: Turn, state: State, reason: str) -> Screen:
    """Ask again, with the reason first; end kindly after the third mistake in a row."""
    session = turn.session
    session.bad += 1
    if session.bad >= MISTAKES:
        session.state = ENDED
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
