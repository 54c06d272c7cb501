"""Settings, read once from the environment when a process starts.

What everybody needs is here. A room or a gateway brings what it alone needs as a `Section` beside
its code, and `wallet/running/settings.py` collects them. The docstring of each lists its variables:
docs/configuration.md is made of these.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Generic, Literal, Protocol, Self, TypeVar, cast

Environment = Literal["development", "production"]
MadeT = TypeVar("MadeT")
SectionT = TypeVar("SectionT", bound="Section")

# Published here, so they protect nothing: production refuses to start with them.
DEVELOPMENT_KEY_HEX = "6b6962756275" * 6
DEVELOPMENT_KEY = bytes.fromhex(DEVELOPMENT_KEY_HEX)
DEVELOPMENT_CALLBACK_TOKEN = "development-callback"  # noqa: S105  # published on purpose

DATABASE_SCHEMES = ("postgresql://", "postgres://", "postgresql+psycopg://")
HTTP_SCHEMES = ("https://", "http://")
REDIS_SCHEMES = ("redis://", "rediss://", "unix://")
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,16}")
KEY_BYTES = 32
CALLBACK_TOKEN_CHARACTERS = 16


class BadSettings(Exception):
    """Every variable that is wrong, one line each, so that one start tells all."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("Cannot start:\n" + "\n".join(f"  {problem}" for problem in problems))


@dataclass(frozen=True, slots=True)
class PinKey:
    """A key of the PIN verifier; `kid` is stored beside what it verified, for rotation."""

    kid: str
    key: bytes = field(repr=False)


class InProduction(StrEnum):
    """Why production does not start, in the order in which it is told."""

    UNSET = "must be set in production."
    PUBLISHED = "must be a secret of your own in production."
    DEVELOPMENT = "is for development only."


class Section(Protocol):
    """What one room or gateway needs: a frozen dataclass, its variables listed in the docstring."""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read it; what is wrong is told to the reader."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The service.

    | Variable | Unset | Meaning |
    |---|---|---|
    | DATABASE_URL | the town's | PostgreSQL 15 or newer, `postgresql://...`; required in production |
    | KIBUBU_OWNER_DATABASE_URL | DATABASE_URL | the same, as its tables' owner: `kibubu migrate`, `kibubu hire` |
    | REDIS_URL | the town's | Redis or Valkey, `redis://`, `rediss://` or `unix://`; likewise |
    | KIBUBU_ENV | development | `production` refuses to start on development secrets |
    | KIBUBU_MARKET | KE | the home market: a file of `wallet/markets/`, by ISO 3166 country code |
    | KIBUBU_PIN_KEYS | development key | `kid:hexkey,kid2:hexkey`, 32 bytes or more; current first |
    | KIBUBU_TOKEN_KEY | development key | signs access tokens; hex, 32 bytes or more |
    | KIBUBU_HTTP_HOST | 127.0.0.1 | address to listen on |
    | KIBUBU_HTTP_PORT | $PORT, else 8000 | port to listen on |
    | KIBUBU_WEB_PROCESSES | 2 | web processes |
    | KIBUBU_WEB_THREADS | 64 | threads in each, for what the event loop does not answer itself |

    DATABASE_URL is the role that serves: it has no table of its own, and gets its rights from
    `kibubu migrate`, which runs as the tables' owner. Production refuses to serve as a role that
    could change entries or balances by hand.

    PROMETHEUS_MULTIPROC_DIR, which the metrics library reads itself, is a folder, empty at the
    start, in which web processes share their numbers; without it `/metrics` is of the one that
    answers.
    """  # noqa: E501  # a row is a line

    # No secret shows in `repr`, and none in that of a section.
    environment: Environment
    market: str
    database_url: str | None = field(repr=False)  # may hold a password
    owner_database_url: str | None = field(repr=False)  # likewise
    redis_url: str | None = field(repr=False)  # likewise
    pin_keys: tuple[PinKey, ...]
    token_key: bytes = field(repr=False)
    http_host: str
    http_port: int
    web_processes: int
    web_threads: int
    sections: Mapping[type[Any], Any] = field(default_factory=dict)

    @classmethod
    def from_env(cls, env: Mapping[str, str], sections: Iterable[type[Section]]) -> Settings:
        """Parse the environment; raise `BadSettings` naming each variable that is wrong."""
        reader = Reader(env)
        settings = cls(
            environment=cast(
                "Environment", reader.choice("KIBUBU_ENV", ("development", "production"))
            ),
            market=reader.matching("KIBUBU_MARKET", "KE", r"[A-Z]{2}", "a country code such as KE"),
            database_url=reader.server("DATABASE_URL", DATABASE_SCHEMES),
            owner_database_url=reader.address("KIBUBU_OWNER_DATABASE_URL", DATABASE_SCHEMES),
            redis_url=reader.server("REDIS_URL", REDIS_SCHEMES),
            pin_keys=reader.pin_keys("KIBUBU_PIN_KEYS"),
            token_key=reader.key("KIBUBU_TOKEN_KEY"),
            http_host=reader.get("KIBUBU_HTTP_HOST") or "127.0.0.1",
            http_port=reader.number("KIBUBU_HTTP_PORT", reader.number("PORT", 8000, 65535), 65535),
            web_processes=reader.number("KIBUBU_WEB_PROCESSES", 2, 256),
            web_threads=reader.number("KIBUBU_WEB_THREADS", 64, 1024),
            sections={section: section.read(reader) for section in sections},
        )
        if reader.problems:
            raise BadSettings(reader.problems)
        return settings

    def section(self, kind: type[SectionT]) -> SectionT:
        """Return what a room or gateway brought."""
        return cast("SectionT", self.sections[kind])

    def having(self, section: Section) -> Settings:
        """Return the same settings but for this section."""
        return replace(self, sections={**self.sections, type(section): section})


@dataclass(frozen=True, slots=True)
class Configured(Generic[MadeT]):
    """A rail or a gateway that we use where the environment says so."""

    name: str
    make: Callable[[Settings], MadeT]
    section: type[Section] | None = None


class Reader:
    """Reads variables and collects what is wrong with them; a message never shows a value."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._wrong: list[str] = []
        self._unsafe: list[tuple[str, InProduction]] = []

    @property
    def problems(self) -> list[str]:
        """All that is wrong so far."""
        unsafe = sorted(self._unsafe, key=lambda found: list(InProduction).index(found[1]))
        return self._wrong + [f"{name} {why}" for name, why in unsafe]

    @property
    def is_production(self) -> bool:
        """Whether what is unsafe is refused."""
        return self.get("KIBUBU_ENV") == "production"

    def wrong(self, problem: str) -> None:
        """Note what is wrong: `<variable> must be ...`."""
        self._wrong.append(problem)

    def not_in_production(self, name: str, why: InProduction) -> None:
        """Note that production must not be like this."""
        if self.is_production:
            self._unsafe.append((name, why))

    def get(self, name: str) -> str | None:
        return self._env.get(name, "").strip() or None

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        value = self.get(name) or choices[0]
        if value not in choices:
            self.wrong(f"{name} must be one of {', '.join(choices)}.")
            return choices[0]
        return value

    def matching(self, name: str, default: str, pattern: str, what: str) -> str:
        value = self.get(name) or default
        if not re.fullmatch(pattern, value):
            self.wrong(f"{name} must be {what}.")
        return value

    def address(self, name: str, schemes: tuple[str, ...]) -> str | None:
        value = self.get(name)
        if value is not None and not value.startswith(schemes):
            self.wrong(f"{name} must begin with one of {', '.join(schemes)}.")
        return value

    def server(self, name: str, schemes: tuple[str, ...]) -> str | None:
        """Read the address of what development starts by itself."""
        value = self.address(name, schemes)
        if value is None:
            self.not_in_production(name, InProduction.UNSET)
        return value

    def number(self, name: str, default: int, largest: int) -> int:
        value = self.get(name) or str(default)
        if not re.fullmatch(r"[0-9]{1,6}", value) or not 1 <= int(value) <= largest:
            self.wrong(f"{name} must be a whole number from 1 to {largest}.")
            return default
        return int(value)

    def required(self, name: str, when: str) -> str:
        """Read what must be there in this case."""
        value = self.get(name)
        if value is None:
            self.wrong(f"{name} must be set when {when}.")
        return value or ""

    def key(self, name: str) -> bytes:
        key = self._key_bytes(name, self.get(name) or DEVELOPMENT_KEY_HEX)
        if key == DEVELOPMENT_KEY:
            self.not_in_production(name, InProduction.PUBLISHED)
        return key

    def _key_bytes(self, name: str, value: str) -> bytes:
        if not re.fullmatch(r"(?:[0-9a-fA-F]{2})+", value) or len(value) < 2 * KEY_BYTES:
            self.wrong(f"{name} must hold keys of {KEY_BYTES} bytes or more, in hex.")
            return b""
        return bytes.fromhex(value)

    def callback_token(self, name: str, default: str = "") -> str:
        """Read a secret; where it is not set, that of the variable `default`."""
        if default and self.get(name) is None:
            return self.get(default) or DEVELOPMENT_CALLBACK_TOKEN
        value = self.get(name) or DEVELOPMENT_CALLBACK_TOKEN
        if not re.fullmatch(rf"[A-Za-z0-9_-]{{{CALLBACK_TOKEN_CHARACTERS},}}", value):
            self.wrong(
                f"{name} must be {CALLBACK_TOKEN_CHARACTERS} or more letters, digits, - or _."
            )
        if value == DEVELOPMENT_CALLBACK_TOKEN:
            self.not_in_production(name, InProduction.PUBLISHED)
        return value

    def pin_keys(self, name: str) -> tuple[PinKey, ...]:
        keys = []
        for item in (self.get(name) or f"development:{DEVELOPMENT_KEY_HEX}").split(","):
            kid, _, value = item.strip().partition(":")
            if not KEY_ID.fullmatch(kid):
                self.wrong(f"{name} must be written kid:hexkey,kid2:hexkey.")
                continue
            keys.append(PinKey(kid, self._key_bytes(name, value)))
        if len({key.kid for key in keys}) != len(keys):
            self.wrong(f"{name} must not use one kid twice.")
        if any(key.key == DEVELOPMENT_KEY for key in keys):
            self.not_in_production(name, InProduction.PUBLISHED)
        return tuple(keys)
