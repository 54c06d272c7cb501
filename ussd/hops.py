"""What is new in a hop. A repeat or an old hop is answered from what is stored, never done again.

A cumulative gateway sends everything typed since dialling, joined with `*`, so a `*` inside an
input cannot be told from two inputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ussd.events import Event, Screen, Typed
from ussd.sessions import Session, Sessions

SEPARATOR: Final = "*"


@dataclass(frozen=True, slots=True)
class Again:
    """The hop was answered before, with this screen."""

    screen: Screen


@dataclass(frozen=True, slots=True)
class New:
    """Inputs not taken yet: one, as people answer one screen at a time."""

    inputs: tuple[str, ...]


class Broken:
    """What was typed does not continue what this session has taken."""


def read_hop(session: Session, sessions: Sessions, event: Event) -> Again | New | Broken:
    """Compare a hop with what its session has taken."""
    if event.msisdn != session.msisdn:
        return Broken()  # whose session it is stays; a stored screen is for their eyes only
    last, previous = session.last, session.previous
    assert last is not None  # a session is stored with the screen of its first hop
    if event.mode is Typed.LATEST:
        return _read_latest(session, sessions.digest(event, event.hop), event)
    typed = event.typed
    if len(typed) > last.length:
        if sessions.digest(event, typed[: last.length]) != last.digest:
            return Broken()
        return _continued(typed, last.length)
    digest = sessions.digest(event, typed)
    if len(typed) == last.length:
        return Again(last.screen) if digest == last.digest else Broken()
    if previous is not None and previous.length == len(typed) and previous.digest == digest:
        return Again(previous.screen)
    return Again(last.screen)


def typed_of(event: Event) -> str:
    """Return what a hop's digest is of."""
    return event.typed if event.mode is Typed.ALL else event.hop


def dialled(event: Event) -> tuple[str, ...]:
    """Return the inputs that a first hop brings: `*384*77*1*2#` was dialled."""
    if event.mode is Typed.LATEST:
        return ()  # such gateways send the dialled string itself
    path = event.typed.strip(SEPARATOR)
    return tuple(path.split(SEPARATOR)) if path else ()


def _continued(typed: str, length: int) -> New | Broken:
    if length == 0:
        # Empty inputs on the first screen joined to nothing, and were taken for repeats of it.
        return New(tuple(typed.lstrip(SEPARATOR).split(SEPARATOR)))
    if typed[length] != SEPARATOR:
        return Broken()
    return New(tuple(typed[length + 1 :].split(SEPARATOR)))


def _read_latest(session: Session, digest: str, event: Event) -> Again | New:
    for hop in (session.last, session.previous):
        if hop is not None and hop.digest == digest:
            return Again(hop.screen)
    return New((event.typed,))
