"""Settings: every wrong variable is named in one message, no secret is ever shown."""

import re
from collections.abc import Iterator, Mapping

import pytest

from wallet import config
from wallet.config import BadSettings, PinKey, Settings

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
        Settings.from_env(PRODUCTION | changes)
    return refused.value.problems


def test_development_needs_nothing_set():
    settings = Settings.from_env({})
    assert (settings.environment, settings.market, settings.http_port) == (
        "development",
        "KE",
        8000,
    )
    assert settings.database_url is settings.redis_url is None


def test_production_starts_with_secrets_of_its_own():
    settings = Settings.from_env(PRODUCTION)
    assert settings.pin_keys == (
        PinKey("2026b", bytes.fromhex(KEY)),
        PinKey("2026a", bytes.fromhex(OTHER_KEY)),
    )


def test_production_names_everything_it_lacks_at_once():
    with pytest.raises(BadSettings) as refused:
        Settings.from_env({"KIBUBU_ENV": "production"})
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
    assert Settings.from_env({"PORT": "5000"}).http_port == 5000
    assert Settings.from_env({"PORT": "5000", "KIBUBU_HTTP_PORT": "80"}).http_port == 80


def test_no_secret_shows_in_repr():
    shown = repr(Settings.from_env(PRODUCTION | {"KIBUBU_AT_API_KEY": "at-secret"}))
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


def test_the_table_lists_exactly_what_is_read():
    environment = Recorder()
    Settings.from_env(environment)
    listed = set(re.findall(r"^\| ([A-Z_]+) \|", config.__doc__ or "", re.MULTILINE))
    assert environment.asked == listed | {"PORT"}


def test_a_trust_account_is_known_by_its_currency():
    accounts = Settings.from_env(PRODUCTION).bank_accounts
    assert accounts["UGX"] == config.BankAccount("SBICUGKX", "9030001")
    assert "TZS" not in accounts


def test_development_has_a_stand_in_account_in_every_currency():
    assert set(Settings.from_env({}).bank_accounts.values()) == {config.STAND_IN_ACCOUNT}


@pytest.mark.parametrize(
    "value", ["KES", "KES=01", "KES=01:", "XXX=01:1", "KES=01:1,KES=01:2", "KES=01:1;2", ","]
)
def test_accounts_written_otherwise_are_refused(value):
    assert problems(KIBUBU_BANK_ACCOUNTS=value) == [
        "KIBUBU_BANK_ACCOUNTS must be written KES=bank:account, each currency once."
    ]


def test_mobile_money_may_be_left_out():
    assert Settings.from_env(PRODUCTION).momo is None


def test_mobile_money_is_read_whole():
    settings = Settings.from_env(PRODUCTION | MOMO)
    assert settings.momo is not None
    assert settings.momo.url == "https://momo.example"
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
    shared = Settings.from_env(PRODUCTION)
    assert shared.momo_callback_token == shared.at_callback_token == "a-secret-of-our-own"
    own = Settings.from_env(PRODUCTION | {"KIBUBU_MOMO_CALLBACK_TOKEN": "known-to-mtn-alone"})
    assert own.at_callback_token == "a-secret-of-our-own"
    assert own.momo_callback_token == "known-to-mtn-alone"
    assert "known-to-mtn-alone" not in repr(own)


def test_disputes_of_seconds_are_for_development_only():
    assert Settings.from_env({}).dispute_seconds is None
    assert Settings.from_env({"KIBUBU_DISPUTE_SECONDS": "5"}).dispute_seconds == 5
    assert problems(KIBUBU_DISPUTE_SECONDS="5") == [
        "KIBUBU_DISPUTE_SECONDS is for development only."
    ]
    with pytest.raises(BadSettings, match="KIBUBU_DISPUTE_SECONDS must be a whole number"):
        Settings.from_env({"KIBUBU_DISPUTE_SECONDS": "0"})
