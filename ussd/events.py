"""What the core takes and gives: one hop of a session in, one screen out. It knows no gateway."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Typed(Enum):
    """How a gateway tells what was typed."""

    ALL = "all"  # everything since dialling, joined with *
    LATEST = "latest"  # the newest input alone


@dataclass(slots=True, repr=False)  # frozen, it would take thrice the time to make
class Event:
    """One hop. `typed` may hold a PIN, so an event shows itself to nobody.

    `hop` names the hop where the gateway sends only the latest input: its sequence number, say.
    Without it a repeated delivery could not be told from the same key pressed twice.
    """

    gateway: str
    session_id: str
    msisdn: str
    service_code: str
    network: str
    typed: str
    mode: Typed = Typed.ALL
    hop: str = ""


@dataclass(frozen=True, slots=True)
class Screen:
    """What the phone shows: at most 160 GSM-7 septets. `more`: an input is wanted.

    `label` names the screen in counts and hop metadata; it says nothing about the person.
    """

    text: str
    more: bool
    label: str
