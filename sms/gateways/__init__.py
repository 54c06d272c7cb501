"""What the outbox asks of an SMS gateway and can be answered, and what a gateway calls us with.

A new one is a file here, its lines in `sms/gateways/choice.py`, and a test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from wallet.gateways import Answer, Caller, GatewayRequest

REASON_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class OutboundText:
    """One text for one phone (E.164)."""

    id: int
    msisdn: str
    body: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The gateway has it. `gateway_id` is what its delivery reports will call it."""

    gateway_id: str | None
    delivered: bool = False  # true where there will be no report because it is already there


@dataclass(frozen=True, slots=True)
class Refused:
    """It was not sent, and we know it."""

    permanent: bool  # trying again would be refused again
    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may or may not have been sent. Trying again may repeat it: better twice than never."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotTried:
    """The gateway did not get round to it; no attempt was made."""


Outcome = Accepted | Refused | Unknown | NotTried


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of one text of a batch."""

    text: OutboundText
    outcome: Outcome


class Gateway(Protocol):
    """Hands texts to the phone network. Called by one thread at a time, outside transactions."""

    @property
    def name(self) -> str:
        """What `texts.gateway` and the delivery reports call it."""

    def send(self, batch: Sequence[OutboundText]) -> list[Submission]:
        """Try each text; one that fails must not keep the others from being tried."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one text. `state` is None where we do not know its word for it, `said`."""

    gateway_id: str
    state: Literal["sent", "delivered", "failed"] | None
    said: str
    failure: str = ""


class Callbacks(Caller, Protocol):
    """What one gateway calls us with: reports of texts that it took, and texts sent to us."""

    taken: ClassVar[Answer]
    """What it is answered; it calls again where that does not come."""

    def read_reports(self, request: GatewayRequest) -> Sequence[Report]:
        """Return delivery reports. Raises `NotUnderstood`, saying what it lacks."""

    def read_senders(self, request: GatewayRequest) -> Sequence[str]:
        """Return the numbers, or whatever it is, that texts to us came from."""


def tidy(reason: str) -> str:
    """Make something a gateway said fit to be stored and shown."""
    return "".join(c for c in reason[:REASON_CHARACTERS] if c.isprintable())
