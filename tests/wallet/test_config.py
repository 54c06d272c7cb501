"""Settings: every wrong variable is named in one message, no secret is ever shown."""

import os
import re
from collections.abc import Iterator, Mapping
from inspect import cleandoc
from pathlib import Path

import pytest

from sms.gateways.africastalking import AfricasTalkingSettings
from sms.gateways.choice import GATEWAYS
from wallet import config
from wallet.banking.settings import STAND_IN_ACCOUNT, BankAccount, BankSettings
from wallet.config import BadSettings, PinKey, Settings
from wallet.disputes.settings import DisputeSettings
from wallet.payouts.rails.mtn_momo_settings import MomoSettings
from wallet.running.settings import read_settings, sections

KEY, OTHER_KEY = "ab" * 32, "cd" * 32
PRODUCTION = {
    "KIBUBU_ENV": "production",
    "DATABASE_URL": "postgresql://kibubu:hunter2@db/kibubu",
    "REDIS_URL": "rediss://:hunter3@cache",
    "KIBUBU_PIN_KEYS": f"2026b:{KEY},2026a:{OTHER_KEY}",
    "KIBUBU_TOKEN_KEY": OTHER_KEY,
    "KIBUBU_CALLBACK_TOKEN": "a-secret-of-our-own",
    "KIBUBU_BANK_ACCOUNTS": "KES=01:1100990011,UGX=SBICUGKX:9030001",
}
MOMO = {
    "KIBUBU_MOMO_URL": "https://momo.example/",
    "KIBUBU_MOMO_ENVIRONMENT": "mtnuganda",
    "KIBUBU_MOMO_USER": "user",
    "KIBUBU_MOMO_KEY": "hunter4",
    "KIBUBU_MOMO_SUBSCRIPTION_KEY": "hunter5",
}


def problems(**changes: str) -> list[str]:
    with pytest.raises(BadSettings) as refused:
        read_settings(PRODUCTION | changes)
    return refused.value.problems


def test_development_needs_nothing_set():
    settings = read_settings({})
    assert (settings.environment, settings.market, settings.http_port) == (
        "development",
        "KE",
        8000,
    )
    assert settings.database_url is settings.redis_url is None


def test_production_starts_with_secrets_of_its_own():
    settings = read_settings(PRODUCTION)
    assert settings.pin_keys == (
        PinKey("2026b", bytes.fromhex(KEY)),
        PinKey("2026a", bytes.fromhex(OTHER_KEY)),
    )


def test_production_names_everything_it_lacks_at_once():
    with pytest.raises(BadSettings) as refused:
        read_settings({"KIBUBU_ENV": "production"})
    message = str(refused.value)
    assert [name for name in PRODUCTION if name != "KIBUBU_ENV" and name not in message] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KIBUBU_PIN_KEYS", f"old:{config.DEVELOPMENT_KEY_HEX}"),
        ("KIBUBU_PIN_KEYS", f"new:{KEY},old:{config.DEVELOPMENT_KEY_HEX}"),
        ("KIBUBU_TOKEN_KEY", config.DEVELOPMENT_KEY_HEX.upper()),
        ("KIBUBU_CALLBACK_TOKEN", config.DEVELOPMENT_CALLBACK_TOKEN),
        ("KIBUBU_MOMO_CALLBACK_TOKEN", config.DEVELOPMENT_CALLBACK_TOKEN),
    ],
)
def test_production_refuses_development_secrets(name, value):
    assert problems(**{name: value}) == [f"{name} must be a secret of your own in production."]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KIBUBU_ENV", "staging"),
        ("KIBUBU_MARKET", "kenya"),
        ("DATABASE_URL", "mysql://db/kibubu"),
        ("REDIS_URL", "http://cache"),
        ("KIBUBU_PIN_KEYS", KEY),
        ("KIBUBU_PIN_KEYS", f"a:{KEY},a:{OTHER_KEY}"),
        ("KIBUBU_PIN_KEYS", f"a:{KEY[:-2]}"),
        ("KIBUBU_TOKEN_KEY", "not hex"),
        ("KIBUBU_CALLBACK_TOKEN", "fifteen-letters"),
        ("KIBUBU_MOMO_CALLBACK_TOKEN", "fifteen-letters"),
        ("KIBUBU_SMS_GATEWAY", "pigeon"),
        ("KIBUBU_HTTP_PORT", "65536"),
        ("KIBUBU_HTTP_PORT", "0"),
        ("KIBUBU_WEB_THREADS", "many"),
    ],
)
def test_a_wrong_value_is_refused_by_name_and_not_shown(name, value):
    found = problems(**{name: value})
    assert all(problem.startswith(name) for problem in found)
    assert value not in " ".join(found)


def test_africas_talking_needs_its_account():
    found = problems(KIBUBU_SMS_GATEWAY="africastalking", KIBUBU_AT_USERNAME="kibubu")
    assert found == ["KIBUBU_AT_API_KEY must be set when KIBUBU_SMS_GATEWAY is africastalking."]


def test_the_platform_may_choose_the_port():
    assert read_settings({"PORT": "5000"}).http_port == 5000
    assert read_settings({"PORT": "5000", "KIBUBU_HTTP_PORT": "80"}).http_port == 80


def test_no_secret_shows_in_repr():
    shown = repr(read_settings(PRODUCTION | {"KIBUBU_AT_API_KEY": "at-secret"}))
    secrets = [KEY, bytes.fromhex(KEY), OTHER_KEY, bytes.fromhex(OTHER_KEY), "hunter2", "hunter3"]
    secrets += ["at-secret", PRODUCTION["KIBUBU_CALLBACK_TOKEN"]]
    assert [secret for secret in secrets if str(secret) in shown] == []


class Recorder(Mapping[str, str]):
    """An environment with nothing in it that remembers what was asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
BEGINNING = """# Configuration

Every variable that is read, once, when a process starts. This page is made of the docstrings of
`Settings` and of the sections that rooms and gateways bring: change them, then
`KIBUBU_RECORD=1 make test ARGS=tests/wallet/test_config.py`.
"""


def page() -> str:
    """What the docstrings say: a title from the first line of each, and the rest below it."""
    parts = [BEGINNING]
    for section in (Settings, *sections()):
        title, _, told = cleandoc(section.__doc__ or "").partition("\n\n")
        if told:
            parts.append(f"## {title.removesuffix('.')}\n\n{told}\n")
    return "\n".join(parts)


def test_the_page_lists_exactly_what_is_read_each_once():
    environment = Recorder()
    read_settings(environment)
    listed = re.findall(r"^\| ([A-Z_]+) \|", page(), re.MULTILINE)
    assert sorted(environment.asked) == sorted([*listed, "PORT"])


def test_the_page_is_what_the_code_says():
    if os.environ.get("KIBUBU_RECORD"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()


def test_the_page_names_every_gateway_that_texts_may_go_through():
    assert [each.name for each in GATEWAYS if f"`{each.name}`" not in page()] == []


def test_a_trust_account_is_known_by_its_currency():
    accounts = read_settings(PRODUCTION).section(BankSettings).accounts
    assert accounts["UGX"] == BankAccount("SBICUGKX", "9030001")
    assert "TZS" not in accounts


def test_development_has_a_stand_in_account_in_every_currency():
    accounts = read_settings({}).section(BankSettings).accounts
    assert set(accounts.values()) == {STAND_IN_ACCOUNT}


@pytest.mark.parametrize(
    "value", ["KES", "KES=01", "KES=01:", "XXX=01:1", "KES=01:1,KES=01:2", "KES=01:1;2", ","]
)
def test_accounts_written_otherwise_are_refused(value):
    assert problems(KIBUBU_BANK_ACCOUNTS=value) == [
        "KIBUBU_BANK_ACCOUNTS must be written KES=bank:account, each currency once."
    ]


def test_mobile_money_may_be_left_out():
    assert read_settings(PRODUCTION).section(MomoSettings).account is None


def test_mobile_money_is_read_whole():
    settings = read_settings(PRODUCTION | MOMO)
    account = settings.section(MomoSettings).account
    assert account is not None
    assert account.url == "https://momo.example"
    assert "hunter" not in repr(settings)


@pytest.mark.parametrize("name", MOMO)
def test_half_of_mobile_money_is_refused(name):
    assert problems(**MOMO | {name: ""}) == [f"{name} must be set when any of KIBUBU_MOMO_* is."]


@pytest.mark.parametrize("name", ["KIBUBU_MOMO_URL", "KIBUBU_MOMO_CALLBACK_URL"])
def test_production_speaks_to_mobile_money_in_secret_only(name):
    assert problems(**MOMO | {name: "http://momo.example"}) == [
        f"{name} must begin with one of https://."
    ]


def test_mobile_money_is_called_back_with_a_secret_of_its_own():
    def tokens(settings: Settings) -> tuple[str, str]:
        return (
            settings.section(AfricasTalkingSettings).callback_token,
            settings.section(MomoSettings).callback_token,
        )

    assert tokens(read_settings(PRODUCTION)) == ("a-secret-of-our-own", "a-secret-of-our-own")
    own = read_settings(PRODUCTION | {"KIBUBU_MOMO_CALLBACK_TOKEN": "known-to-mtn-alone"})
    assert tokens(own) == ("a-secret-of-our-own", "known-to-mtn-alone")
    assert "known-to-mtn-alone" not in repr(own)


def test_disputes_of_seconds_are_for_development_only():
    assert read_settings({}).section(DisputeSettings).seconds is None
    five = read_settings({"KIBUBU_DISPUTE_SECONDS": "5"})
    assert five.section(DisputeSettings).seconds == 5
    assert problems(KIBUBU_DISPUTE_SECONDS="5") == [
        "KIBUBU_DISPUTE_SECONDS is for development only."
    ]
    with pytest.raises(BadSettings, match="KIBUBU_DISPUTE_SECONDS must be a whole number"):
        read_settings({"KIBUBU_DISPUTE_SECONDS": "0"})
