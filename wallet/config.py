"""Settings, read once from the environment when a process starts.

| Variable | Unset | Meaning |
|---|---|---|
| DATABASE_URL | embedded | PostgreSQL 15 or newer, `postgresql://...`; required in production |
| KIBUBU_OWNER_DATABASE_URL | DATABASE_URL | the same, as its tables' owner: `kibubu migrate` |
| REDIS_URL | embedded | Redis or Valkey, `redis://`, `rediss://` or `unix://`; likewise |
| KIBUBU_ENV | development | `production` refuses to start on development secrets |
| KIBUBU_MARKET | KE | the home market: a file of `wallet/markets/`, by ISO 3166 country code |
| KIBUBU_PIN_KEYS | development key | `kid:hexkey,kid2:hexkey`, 32 bytes or more; current first |
| KIBUBU_TOKEN_KEY | development key | signs access tokens; hex, 32 bytes or more |
| KIBUBU_CALLBACK_TOKEN | development token | secret Africa's Talking calls us with; 16 or more |
| KIBUBU_SMS_GATEWAY | console | `console` or `africastalking` |
| KIBUBU_AT_USERNAME | none | Africa's Talking account; required with that gateway |
| KIBUBU_AT_API_KEY | none | its API key; required with that gateway |
| KIBUBU_AT_URL | https://api.africastalking.com | where its API is; a sandbox or a stand-in |
| KIBUBU_BANK_DIR | bank | folder of payment files (`out`) and of the bank's answers (`in`) |
| KIBUBU_BANK_NAME | Kibubu | whose our accounts are, as the bank knows us |
| KIBUBU_BANK_ACCOUNTS | stand-ins | `KES=bank:account,...`, trust accounts; production needs them |
| KIBUBU_MOMO_URL | none | MTN MoMo's API; with it the next four are required, without it none |
| KIBUBU_MOMO_ENVIRONMENT | none | its target environment: `sandbox`, `mtnuganda`, ... |
| KIBUBU_MOMO_USER | none | our API user there |
| KIBUBU_MOMO_KEY | none | its API key |
| KIBUBU_MOMO_SUBSCRIPTION_KEY | none | our subscription to disbursements |
| KIBUBU_MOMO_CALLBACK_URL | none | where MTN calls back, with the next in it; optional |
| KIBUBU_MOMO_CALLBACK_TOKEN | KIBUBU_CALLBACK_TOKEN | the secret in it; best one of MTN's own |
| KIBUBU_DISPUTE_SECONDS | the markets' days | development only: each time of a dispute |
| KIBUBU_HTTP_HOST | 127.0.0.1 | address to listen on |
| KIBUBU_HTTP_PORT | $PORT, else 8000 | port to listen on |
| KIBUBU_WEB_PROCESSES | 2 | web processes |
| KIBUBU_WEB_THREADS | 64 | threads in each, for what the event loop does not answer itself |

DATABASE_URL is the role that serves: it has no table of its own, and gets its rights from `kibubu
migrate`, which runs as the tables' owner. Production refuses to serve as a role that could change
entries or balances by hand.

PROMETHEUS_MULTIPROC_DIR, which the metrics library reads itself, is a folder, empty at the start,
in which web processes share their numbers; without it `/metrics` is of the one that answers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from wallet.money import CURRENCIES

Environment = Literal["development", "production"]
SmsGateway = Literal["console", "africastalking"]

# Published here, so they protect nothing: production refuses to start with them.
DEVELOPMENT_KEY_HEX = "6b6962756275" * 6
DEVELOPMENT_CALLBACK_TOKEN = "development-callback"  # noqa: S105  # published on purpose

DATABASE_SCHEMES = ("postgresql://", "postgres://", "postgresql+psycopg://")
HTTP_SCHEMES = ("https://", "http://")
REDIS_SCHEMES = ("redis://", "rediss://", "unix://")
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,16}")
KEY_BYTES = 32
CALLBACK_TOKEN_CHARACTERS = 16
BANK_ACCOUNT = re.compile(
    r"(?P<currency>[A-Z]{3})=(?P<bank>[A-Za-z0-9-]{1,35}):(?P<number>[A-Za-z0-9-]{1,34})"
)


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


@dataclass(frozen=True, slots=True)
class BankAccount:
    """A trust account of ours: `bank` is a BIC or a national bank code."""

    bank: str
    number: str


STAND_IN_ACCOUNT = BankAccount("00", "TRUST")  # of the bank that plays one in development


@dataclass(frozen=True, slots=True)
class MomoSettings:
    """Our account at MTN MoMo."""

    url: str
    environment: str
    user: str
    key: str = field(repr=False)
    subscription_key: str = field(repr=False)
    callback_url: str | None = field(repr=False)  # `momo_callback_token` is in it


@dataclass(frozen=True, slots=True)
class Settings:
    """What the module's table says, parsed. No secret shows in `repr`."""

    environment: Environment
    market: str
    database_url: str | None = field(repr=False)  # may hold a password
    owner_database_url: str | None = field(repr=False)  # likewise
    redis_url: str | None = field(repr=False)  # likewise
    pin_keys: tuple[PinKey, ...]
    token_key: bytes = field(repr=False)
    sms_gateway: SmsGateway
    at_callback_token: str = field(repr=False)
    at_username: str | None
    at_api_key: str | None = field(repr=False)
    at_url: str
    bank_dir: Path
    bank_name: str
    bank_accounts: Mapping[str, BankAccount]
    momo: MomoSettings | None
    momo_callback_token: str = field(repr=False)
    dispute_seconds: int | None
    http_host: str
    http_port: int
    web_processes: int
    web_threads: int

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Settings":
        """Parse the environment; raise `BadSettings` naming each variable that is wrong."""
        reader = _Reader(env)
        settings = cls(
            environment=cast(
                "Environment", reader.choice("KIBUBU_ENV", ("development", "production"))
            ),
            market=reader.matching("KIBUBU_MARKET", "KE", r"[A-Z]{2}", "a country code such as KE"),
            database_url=reader.address("DATABASE_URL", DATABASE_SCHEMES),
            owner_database_url=reader.address("KIBUBU_OWNER_DATABASE_URL", DATABASE_SCHEMES),
            redis_url=reader.address("REDIS_URL", REDIS_SCHEMES),
            pin_keys=reader.pin_keys("KIBUBU_PIN_KEYS"),
            token_key=reader.key("KIBUBU_TOKEN_KEY"),
            sms_gateway=cast(
                "SmsGateway", reader.choice("KIBUBU_SMS_GATEWAY", ("console", "africastalking"))
            ),
            at_callback_token=reader.callback_token("KIBUBU_CALLBACK_TOKEN"),
            at_username=reader.get("KIBUBU_AT_USERNAME"),
            at_api_key=reader.get("KIBUBU_AT_API_KEY"),
            at_url=(reader.get("KIBUBU_AT_URL") or "https://api.africastalking.com").rstrip("/"),
            bank_dir=Path(reader.get("KIBUBU_BANK_DIR") or "bank"),
            bank_name=reader.get("KIBUBU_BANK_NAME") or "Kibubu",
            bank_accounts=reader.bank_accounts("KIBUBU_BANK_ACCOUNTS"),
            momo=reader.momo(),
            momo_callback_token=reader.callback_token(
                "KIBUBU_MOMO_CALLBACK_TOKEN", "KIBUBU_CALLBACK_TOKEN"
            ),
            dispute_seconds=(
                reader.number("KIBUBU_DISPUTE_SECONDS", 1, 999_999)
                if reader.get("KIBUBU_DISPUTE_SECONDS")
                else None
            ),
            http_host=reader.get("KIBUBU_HTTP_HOST") or "127.0.0.1",
            http_port=reader.number("KIBUBU_HTTP_PORT", reader.number("PORT", 8000, 65535), 65535),
            web_processes=reader.number("KIBUBU_WEB_PROCESSES", 2, 256),
            web_threads=reader.number("KIBUBU_WEB_THREADS", 64, 1024),
        )
        problems = [*reader.problems, *_gateway_problems(settings), *_production_problems(settings)]
        if problems:
            raise BadSettings(problems)
        return settings


def _gateway_problems(settings: Settings) -> list[str]:
    if settings.sms_gateway != "africastalking":
        return []
    account = {
        "KIBUBU_AT_USERNAME": settings.at_username,
        "KIBUBU_AT_API_KEY": settings.at_api_key,
    }
    return [
        f"{name} must be set when KIBUBU_SMS_GATEWAY is africastalking."
        for name, value in account.items()
        if value is None
    ]


def _production_problems(settings: Settings) -> list[str]:
    if settings.environment != "production":
        return []
    development_key = bytes.fromhex(DEVELOPMENT_KEY_HEX)
    missing = {
        "DATABASE_URL": settings.database_url is None,
        "REDIS_URL": settings.redis_url is None,
        "KIBUBU_BANK_ACCOUNTS": STAND_IN_ACCOUNT in settings.bank_accounts.values(),
    }
    published = {
        "KIBUBU_PIN_KEYS": any(key.key == development_key for key in settings.pin_keys),
        "KIBUBU_TOKEN_KEY": settings.token_key == development_key,
        "KIBUBU_CALLBACK_TOKEN": settings.at_callback_token == DEVELOPMENT_CALLBACK_TOKEN,
        "KIBUBU_MOMO_CALLBACK_TOKEN": (
            settings.momo_callback_token
            == DEVELOPMENT_CALLBACK_TOKEN
            != settings.at_callback_token  # else the one above is what it is read from
        ),
    }
    return [
        *(f"{name} must be set in production." for name, wrong in missing.items() if wrong),
        *(
            f"{name} must be a secret of your own in production."
            for name, wrong in published.items()
            if wrong
        ),
        *(
            ["KIBUBU_DISPUTE_SECONDS is for development only."]
            if settings.dispute_seconds is not None
            else []
        ),
    ]


class _Reader:
    """Reads variables and collects what is wrong with them; a message never shows a value."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env
        self.problems: list[str] = []

    def get(self, name: str) -> str | None:
        return self.env.get(name, "").strip() or None

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        value = self.get(name) or choices[0]
        if value not in choices:
            self.problems.append(f"{name} must be one of {', '.join(choices)}.")
            return choices[0]
        return value

    def matching(self, name: str, default: str, pattern: str, what: str) -> str:
        value = self.get(name) or default
        if not re.fullmatch(pattern, value):
            self.problems.append(f"{name} must be {what}.")
        return value

    def address(self, name: str, schemes: tuple[str, ...]) -> str | None:
        value = self.get(name)
        if value is not None and not value.startswith(schemes):
            self.problems.append(f"{name} must begin with one of {', '.join(schemes)}.")
        return value

    def number(self, name: str, default: int, largest: int) -> int:
        value = self.get(name) or str(default)
        if not re.fullmatch(r"[0-9]{1,6}", value) or not 1 <= int(value) <= largest:
            self.problems.append(f"{name} must be a whole number from 1 to {largest}.")
            return default
        return int(value)

    def key(self, name: str) -> bytes:
        return self._key_bytes(name, self.get(name) or DEVELOPMENT_KEY_HEX)

    def _key_bytes(self, name: str, value: str) -> bytes:
        if not re.fullmatch(r"(?:[0-9a-fA-F]{2})+", value) or len(value) < 2 * KEY_BYTES:
            self.problems.append(f"{name} must hold keys of {KEY_BYTES} bytes or more, in hex.")
            return b""
        return bytes.fromhex(value)

    def callback_token(self, name: str, default: str = "") -> str:
        """Read a secret; where it is not set, that of the variable `default`."""
        if default and self.get(name) is None:
            return self.get(default) or DEVELOPMENT_CALLBACK_TOKEN
        value = self.get(name) or DEVELOPMENT_CALLBACK_TOKEN
        if not re.fullmatch(rf"[A-Za-z0-9_-]{{{CALLBACK_TOKEN_CHARACTERS},}}", value):
            self.problems.append(
                f"{name} must be {CALLBACK_TOKEN_CHARACTERS} or more letters, digits, - or _."
            )
        return value

    def pin_keys(self, name: str) -> tuple[PinKey, ...]:
        keys = []
        for item in (self.get(name) or f"development:{DEVELOPMENT_KEY_HEX}").split(","):
            kid, _, value = item.strip().partition(":")
            if not KEY_ID.fullmatch(kid):
                self.problems.append(f"{name} must be written kid:hexkey,kid2:hexkey.")
                continue
            keys.append(PinKey(kid, self._key_bytes(name, value)))
        if len({key.kid for key in keys}) != len(keys):
            self.problems.append(f"{name} must not use one kid twice.")
        return tuple(keys)

    def bank_accounts(self, name: str) -> Mapping[str, BankAccount]:
        value = self.get(name)
        if value is None:
            return dict.fromkeys(CURRENCIES, STAND_IN_ACCOUNT)
        found = {}
        for item in value.split(","):
            match = BANK_ACCOUNT.fullmatch(item.strip())
            if match is None or match["currency"] not in CURRENCIES or match["currency"] in found:
                self.problems.append(
                    f"{name} must be written KES=bank:account, each currency once."
                )
                break
            found[match["currency"]] = BankAccount(match["bank"], match["number"])
        return found

    def momo(self) -> MomoSettings | None:
        """Return the account at MTN MoMo; half of one is worse than none."""
        required = ("URL", "ENVIRONMENT", "USER", "KEY", "SUBSCRIPTION_KEY")
        given = {name: self.get(f"KIBUBU_MOMO_{name}") for name in required}
        callback_url = self.get("KIBUBU_MOMO_CALLBACK_URL")
        if not any(given.values()) and callback_url is None:
            return None
        self.problems += [
            f"KIBUBU_MOMO_{name} must be set when any of KIBUBU_MOMO_* is."
            for name, value in given.items()
            if value is None
        ]
        schemes = ("https://",) if self.get("KIBUBU_ENV") == "production" else HTTP_SCHEMES
        self.address("KIBUBU_MOMO_URL", schemes)
        self.address("KIBUBU_MOMO_CALLBACK_URL", schemes)
        url, environment, user, key, subscription_key = (value or "" for value in given.values())
        return MomoSettings(url.rstrip("/"), environment, user, key, subscription_key, callback_url)
