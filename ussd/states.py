"""How menus are written: a state asks with a text and takes one input. The machine does the rest.

A state's name is also the name of its text (`prompts.send.amount`) and the label of its screen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID, uuid5

from ussd.events import Event
from ussd.reads import Holders
from ussd.sessions import Account, Session
from ussd.wording import say, short_moment
from wallet.ledger.poster import CommandT, Decide
from wallet.markets import Market
from wallet.money import Money

if TYPE_CHECKING:
    from wallet.config import Settings
    from wallet.service import Service

HOME: Final = "main"
ANSWER_S: Final = 8  # gateways give an application 10 s to 15 s
_KEYS: Final = UUID("0b7c9a55-9d4e-4d38-8a5c-5f6f6a0e7c11")


class Rejected(Exception):
    """An input that is not taken: the prompt is repeated, with this reason first."""

    def __init__(self, reason: str, **values: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.values = values


@dataclass(frozen=True, slots=True)
class Go:
    """Show this state next, below a notice where there is one."""

    state: str
    notice: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """The last screen."""

    name: str
    values: Mapping[str, object]


class NeedsThread(Exception):
    """What this hop does next may wait for the database or the ledger; here nothing may."""


class ServiceSettings(Protocol):
    """Of a service what every screen may look at: nothing of it waits."""

    @property
    def settings(self) -> Settings: ...
    @property
    def markets(self) -> Mapping[str, Market]: ...


@dataclass(slots=True)
class Turn:
    """One hop as a state sees it. It can be on the event loop, so nothing of it waits."""

    service: ServiceSettings
    event: Event
    session: Session

    @property
    def data(self) -> dict[str, Any]:
        """What was collected in this session so far."""
        return self.session.data

    @property
    def language(self) -> str:
        return self.session.language

    @property
    def market(self) -> Market:
        return self.service.markets[self.session.market]

    @property
    def currency(self) -> str:
        """What amounts are in: the market's own currency, or that of the contract looked at."""
        return self.data.get("currency") or self.market.currency

    @property
    def account(self) -> Account:
        """The holder; states of people without an account do not ask."""
        assert self.session.account is not None
        return self.session.account

    @property
    def key(self) -> UUID:
        """The idempotency key of this hop: the same for each delivery of it."""
        event = self.event
        hop = f"{event.gateway}\n{event.session_id}\n{self.session.position}"
        return uuid5(_KEYS, hop)

    def shown(self, minor: int) -> str:
        """Return an amount of this session's currency as people read it."""
        return Money(self.currency, minor).shown

    def moment(self, at: str) -> str:
        """Return an instant of an answer as people read it, in the market's own time."""
        return short_moment(self.language, datetime.fromisoformat(at), self.market)

    def say(self, name: str, values: Mapping[str, object] | None = None) -> str:
        """Return a text in the reader's language."""
        return say(self.language, name, values)


@dataclass(slots=True)
class ThreadTurn(Turn):
    """One hop in a thread of its own: it may wait for the database and the ledger."""

    service: Service
    holders: Holders

    def post(self, decide: Decide[CommandT], command: CommandT) -> Mapping[str, Any]:
        """Do a command; return its answer."""
        receipt = self.service.poster.post(decide, command, ANSWER_S)
        self.session.acted = True
        return receipt.answer


def in_thread(turn: Turn) -> ThreadTurn:
    """Return the turn as one that may wait. Raises `NeedsThread` where it may not."""
    if not isinstance(turn, ThreadTurn):
        raise NeedsThread
    return turn


Ask = Callable[[Turn], tuple[str, Mapping[str, object]]]
Take = Callable[[Turn, str], Go | End]


@dataclass(frozen=True, slots=True)
class InThread:
    """Takes an input, and may wait for the database or the ledger meanwhile."""

    take: Callable[[ThreadTurn, str], Go | End]


@dataclass(frozen=True, slots=True)
class State:
    """One screen that wants an input.

    `take` is on the event loop, or says that it needs a thread. `ask` names the text and its
    values, where it is not the state's own text without any. `enter` runs in a thread, before the
    screen is shown, and may send elsewhere. `lines` makes a list with pages of it. A `secret`
    input is taken only from somebody who was just asked for it. A `choice` refuses nothing but
    what is not on it. After an input that is not taken the state is shown again, or `retry`.
    """

    name: str
    take: Take | InThread
    ask: Ask | None = None
    enter: Callable[[ThreadTurn], Go | End | None] | None = None
    lines: Callable[[Turn], Sequence[str]] | None = None
    back: str = ""
    retry: str = ""
    secret: bool = False
    choice: bool = False


def secret(
    name: str,
    take: Callable[[ThreadTurn, str], Go | End],
    *,
    ask: Ask | None = None,
    back: str = "",
    retry: str = "",
) -> State:
    """Return a state that asks for a PIN: the ledger proves it, so it needs a thread."""
    return State(name, InThread(take), ask=ask, back=back, retry=retry, secret=True)


def menu(name: str, choices: Mapping[str, str], back: str = "", ask: Ask | None = None) -> State:
    """Return a state that offers numbered choices, each leading to a state."""

    def take(turn: Turn, typed: str) -> Go:
        if typed not in choices:
            raise Rejected("not_a_choice")
        return Go(choices[typed])

    return State(name, take, ask=ask, back=back, choice=True)


Offers = Callable[[Turn], Sequence[tuple[str, str]]]


def offering(name: str, offers: Offers, ask: Ask, back: str, table: str = "acts") -> State:
    """Return a state whose numbered choices depend on what is looked at.

    Each is the name of a text of `table` and the state it leads to; which one was chosen is kept
    as `act`. An act is on all there is, until an amount is typed.
    """

    def asked(turn: Turn) -> tuple[str, Mapping[str, object]]:
        text, values = ask(turn)
        choices = [
            f"{number}. {turn.say(f'{table}.{act}')}\n"
            for number, (act, _) in enumerate(offers(turn), start=1)
        ]
        return text, {**values, table: "".join(choices)}

    def take(turn: Turn, typed: str) -> Go:
        for number, (act, state) in enumerate(offers(turn), start=1):
            if typed == str(number):
                turn.data.update(act=act, minor=turn.data["all"])
                return Go(state)
        raise Rejected("not_a_choice")

    return State(name, take, ask=asked, back=back, choice=True)
