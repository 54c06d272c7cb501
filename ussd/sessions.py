"""Hot sessions in Valkey: one GET and one SET a hop. They may be lost at any moment.

A session holds where somebody is and what was collected on the way; of what was typed only how
long it was and a keyed digest. Never a PIN, never raw input.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, Self

import orjson
from redis import Redis

from ussd.events import Event, Screen
from ussd.link import Link

if TYPE_CHECKING:
    from wallet.service import Service

LIFETIME_S: Final = 300  # the longest that a gateway keeps a session is 180 s
CLAIM_S: Final = 30
VERSION: Final = 1
DIGEST_BYTES: Final = 16


@dataclass(slots=True)
class Account:
    """The holder as the first hop read them."""

    id: int
    name: str
    has_pin: bool
    status: str


@dataclass(frozen=True, slots=True)
class Hop:
    """What was typed up to a hop, as length and digest, and the screen that answered it."""

    length: int
    digest: str
    screen: Screen


@dataclass(slots=True)
class Session:
    """Where somebody is. `position` counts the inputs taken, `bad` those in a row that were not."""

    state: str
    language: str
    market: str
    msisdn: str
    account: Account | None = None
    data: dict[str, Any] = field(default_factory=dict)
    position: int = 0
    bad: int = 0
    last: Hop | None = None
    previous: Hop | None = None
    acted: bool = False  # whether this very hop did something; not stored

    def answered(self, length: int, digest: str, screen: Screen) -> None:
        """Remember the screen that answered what was typed."""
        self.previous, self.last = self.last, Hop(length, digest, screen)


class Sessions:
    """The sessions of all gateways. `secret` keys the digests: short inputs could be guessed."""

    def __init__(self, valkey: Redis, secret: bytes) -> None:
        self._valkey = valkey
        self._link = Link(valkey)
        self._key = blake2b(secret, digest_size=32, person=b"kibubu ussd").digest()

    @classmethod
    def of(cls, service: Service) -> Self:
        """Return the sessions in a service's Valkey."""
        return cls(service.valkey, service.settings.token_key)

    def digest(self, event: Event, typed: str) -> str:
        """Return the keyed digest of what was typed; another session's or number's differs."""
        text = f"{event.gateway}\n{event.session_id}\n{event.msisdn}\n{typed}"
        return blake2b(text.encode(), key=self._key, digest_size=DIGEST_BYTES).hexdigest()

    def get(self, event: Event) -> Session | None:
        """Return the session of a hop; None where there is none, or one we cannot read."""
        packed = self._link.get(name_of(event))
        return None if packed is None else unpack(packed)

    def put(self, event: Event, session: Session) -> None:
        """Store a session for the next hop."""
        self._link.set(name_of(event), pack(session), LIFETIME_S)

    def claim(self, event: Event, position: int) -> bool:
        """Say whether this delivery of a hop may be worked on: another one may be under way."""
        name = b"%s:%d" % (name_of(event), position)
        return bool(self._valkey.set(name, b"1", ex=CLAIM_S, nx=True))

    def release(self, event: Event, position: int) -> None:
        """Let a repeated delivery of the hop settle what this one could not."""
        self._valkey.delete(b"%s:%d" % (name_of(event), position))


def name_of(event: Event) -> bytes:
    """Return the name of a hop's session in Valkey."""
    return f"ussd:{event.gateway}:{event.session_id}".encode()


def pack(session: Session) -> bytes:
    """Return a session as compact JSON."""
    account = session.account
    return orjson.dumps(
        (
            VERSION,
            session.state,
            session.language,
            session.market,
            session.msisdn,
            None
            if account is None
            else (account.id, account.name, account.has_pin, account.status),
            session.data,
            session.position,
            session.bad,
            _pack_hop(session.last),
            _pack_hop(session.previous),
        )
    )


def unpack(packed: bytes) -> Session | None:
    """Return the session that `pack` made; None for what an older release stored."""
    version, *values = orjson.loads(packed)
    if version != VERSION:
        return None
    state, language, market, msisdn, account, data, position, bad, last, previous = values
    return Session(
        state,
        language,
        market,
        msisdn,
        None if account is None else Account(*account),
        data,
        position,
        bad,
        _unpack_hop(last),
        _unpack_hop(previous),
    )


def _pack_hop(hop: Hop | None) -> tuple[Any, ...] | None:
    if hop is None:
        return None
    screen = hop.screen
    return (hop.length, hop.digest, screen.text, screen.more, screen.label)


def _unpack_hop(packed: list[Any] | None) -> Hop | None:
    return None if packed is None else Hop(packed[0], packed[1], Screen(*packed[2:]))
