"""Gateways: each maps its own requests to an `Event`, and a `Screen` to its own answer.

A new one is a file here, a line in `ussd/gateways/choice.py` and a test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ussd.events import Event, Screen
from wallet.gateways import Answer, Caller, GatewayRequest

LONGEST_SESSION_ID = 128


@dataclass(frozen=True, slots=True)
class Ended:
    """A session that is over. `status`: how, in one of few words, as it is counted."""

    event: Event
    status: str


class Gateway(Caller, Protocol):
    """One gateway: how it speaks."""

    def read(self, request: GatewayRequest) -> Event | Ended:
        """Return a hop, or the end of a session. Raises `NotUnderstood`."""

    def write(self, event: Event | None, screen: Screen) -> Answer:
        """Return a screen as the gateway wants it; without an event, where none could be read."""
