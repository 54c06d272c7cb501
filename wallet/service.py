"""One process's parts, put together once: what web, worker and CLI all start from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from redis import Redis
from sqlalchemy import Engine

from sms.wording import moment, render
from wallet.clock import Clock, Ids, SystemClock
from wallet.config import Settings
from wallet.database import make_engine
from wallet.disputes.settings import DisputeSettings
from wallet.ledger.poster import Poster
from wallet.ledger.posting import Moment, Text
from wallet.ledger.writing import Render
from wallet.markets import MARKETS, Market, hastened
from wallet.people.pin import PinKeys

VALKEY_TIMEOUT_S: Final = 2


@dataclass(frozen=True, slots=True)
class Service:
    """What edges and workers use. `valkey` holds only what may be lost."""

    settings: Settings
    engine: Engine
    valkey: Redis
    valkey_url: str = field(repr=False)
    clock: Clock
    ids: Ids
    poster: Poster
    markets: Mapping[str, Market]
    own_posters: list[Poster] = field(default_factory=list)

    @property
    def home(self) -> Market:
        """The market whose short phone forms and service code are ours."""
        return self.markets[self.settings.market]

    @property
    def render(self) -> Render:
        """What makes a text's body, for those who post without the poster."""
        return text_body

    @classmethod
    def start(
        cls,
        settings: Settings,
        *,
        database_url: str,
        redis_url: str,
        clock: Clock | None = None,
    ) -> Service:
        """Connect to the servers named and start the poster."""
        clock = clock or SystemClock()
        engine, ids = make_engine(database_url), Ids()
        seconds = settings.section(DisputeSettings).seconds
        markets = MARKETS if seconds is None else hastened(MARKETS, seconds)
        poster = _poster(settings, engine, clock, ids, markets)
        valkey = Redis.from_url(
            redis_url, socket_timeout=VALKEY_TIMEOUT_S, socket_connect_timeout=VALKEY_TIMEOUT_S
        )
        return cls(settings, engine, valkey, redis_url, clock, ids, poster, markets)

    def own_poster(self) -> Poster:
        """Start another poster, which posts beside the first; it ends with the service."""
        poster = _poster(self.settings, self.engine, self.clock, self.ids, self.markets)
        self.own_posters.append(poster)
        return poster

    def close(self) -> None:
        """Finish what was handed to the posters, then let go of the servers."""
        for poster in (self.poster, *self.own_posters):
            poster.close()
        self.engine.dispose()
        self.valkey.close()


def _poster(
    settings: Settings, engine: Engine, clock: Clock, ids: Ids, markets: Mapping[str, Market]
) -> Poster:
    return Poster(
        engine,
        clock,
        ids,
        markets=markets,
        settings=(PinKeys({each.kid: each.key for each in settings.pin_keys}),),
        render=text_body,
    )


def text_body(text: Text) -> str:
    """Return what an SMS says, in its reader's language and time zone."""
    values = text.values
    if Moment in map(type, values.values()):
        values = {
            name: moment(text.language, *value) if isinstance(value, Moment) else value
            for name, value in values.items()
        }
    return render(text.language, text.name, **cast("Mapping[str, str]", values))
