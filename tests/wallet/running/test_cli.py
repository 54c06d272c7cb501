"""What `kibubu` says, above all when something is not as it should be."""

import socket

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from tests.roles import as_owner, owner_url
from wallet.database import database_address, make_engine
from wallet.ledger.accounts import Kind
from wallet.running.books import WORDS
from wallet.running.cli import main
from wallet.running.embedded import directories
from wallet.running.town.processes import free_port

PRODUCTION = {
    "KIBUBU_PIN_KEYS": f"a:{'17' * 32}",
    "KIBUBU_TOKEN_KEY": "28" * 32,
    "KIBUBU_CALLBACK_TOKEN": "a-token-of-our-own",
    "KIBUBU_BANK_ACCOUNTS": "KES=01:1100990011",
    "DATABASE_URL": "postgresql://nowhere/kibubu",
    "REDIS_URL": "redis://nowhere",
}


@pytest.fixture
def kibubu(monkeypatch, tmp_path):
    """Run a command where no town is running and no server is named."""
    monkeypatch.setattr(directories, "PARENT", tmp_path)
    for name in ("DATABASE_URL", "KIBUBU_OWNER_DATABASE_URL", "REDIS_URL", "KIBUBU_ENV"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments, **env):
        result = CliRunner().invoke(main, arguments, env=env)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return run


@pytest.mark.parametrize(
    "command",
    [
        ["check-books"],
        ["migrate"],
        ["worker"],
        ["serve"],
        ["token", "+254712345678"],
        ["hire", "+254712345678"],
    ],
)
def test_without_a_town_and_without_settings_a_command_says_how_to_get_one(kibubu, command):
    result = kibubu(*command)
    assert result.exit_code == 1
    assert "No town is running here. Start one with `make run`" in result.output


def test_without_a_town_on_the_port_that_is_named_a_command_names_that_port(kibubu):
    result = kibubu("check-books", KIBUBU_HTTP_PORT="8123")
    assert result.exit_code == 1
    assert "No town is running on port 8123." in result.output


@pytest.mark.parametrize("command", ["serve", "worker", "migrate", "check-books", "town", "demo"])
def test_every_command_refuses_development_secrets_in_production(kibubu, command):
    result = kibubu(command, KIBUBU_ENV="production")
    assert result.exit_code == 1
    assert "KIBUBU_PIN_KEYS must be a secret of your own in production." in result.output


@pytest.mark.parametrize("command", ["town", "demo"])
def test_a_demo_town_is_never_production(kibubu, command):
    result = kibubu(command, KIBUBU_ENV="production", **PRODUCTION)
    assert result.exit_code == 1
    assert "published PINs" in result.output


def test_a_database_that_is_not_there_is_told_in_a_sentence(kibubu, tmp_path):
    result = kibubu("check-books", DATABASE_URL=f"postgresql://postgres@/none?host={tmp_path}")
    assert result.exit_code == 1
    assert "The database does not answer" in result.output


@pytest.mark.parametrize("command", ["serve", "town"])
def test_a_port_that_is_taken_is_told_with_the_setting_to_change(kibubu, command):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        servers = {"DATABASE_URL": "postgresql://nowhere/kibubu", "REDIS_URL": "redis://nowhere"}
        result = kibubu(command, KIBUBU_HTTP_PORT=str(port), **servers)
    assert result.exit_code == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in result.output
    assert "KIBUBU_HTTP_PORT" in result.output


def test_clean_books_are_shown_with_their_proof(kibubu, town, database_url):
    town.person(balance=123_400)
    result = kibubu("check-books", DATABASE_URL=database_url)
    assert result.exit_code == 0
    assert "KES: issued KSh 1,234.00 = in trust KSh 1,234.00" in result.output
    assert "The books are clean." in result.output


def test_books_that_are_wrong_end_with_an_error(kibubu, database_url):
    engine = make_engine(database_url)
    with as_owner(engine) as connection:
        connection.execute(text("SET session_replication_role = replica"))  # past the triggers
        connection.execute(
            text("INSERT INTO accounts (id, kind, currency, balance_minor, opened_at)"
                 " VALUES (1, 'fees', 'KES', 500, now())")
        )  # fmt: skip
    engine.dispose()
    result = kibubu("check-books", DATABASE_URL=database_url)
    assert result.exit_code == 1
    assert "account 1 says 500, its entries say 0" in result.output
    assert "≠" in result.output


def test_migrate_may_be_run_again(kibubu, database_url):
    env = {"DATABASE_URL": database_url, "KIBUBU_OWNER_DATABASE_URL": owner_url(database_url)}
    for _ in range(2):
        assert kibubu("migrate", **env).exit_code == 0


def test_somebody_is_hired_as_the_owner_of_the_tables_and_not_as_who_serves(
    kibubu, town, database_url, redis_url
):
    anna = town.person()
    serving = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    result = kibubu("hire", anna.msisdn, **serving)
    assert result.exit_code == 1
    assert "name it in KIBUBU_OWNER_DATABASE_URL" in result.output
    owner = {"KIBUBU_OWNER_DATABASE_URL": owner_url(database_url)}
    result = kibubu("hire", anna.msisdn, **serving, **owner)
    assert result.output == f"The holder of {anna.msisdn} works for the operator.\n"
    assert town.sql("SELECT holder_id FROM operators") == [(anna.id,)]


def test_every_kind_of_account_has_a_name_in_the_books():
    assert list(WORDS.keys() ^ set(Kind)) == []


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_production_does_not_serve_as_the_owner_of_the_tables(kibubu, command, database_url):
    env = PRODUCTION | {
        "DATABASE_URL": owner_url(database_url),
        "KIBUBU_HTTP_PORT": str(free_port("127.0.0.1")),
    }
    result = kibubu(command, KIBUBU_ENV="production", **env)
    assert result.exit_code == 1
    assert "may change entries and balances" in result.output


def test_migrate_names_a_role_that_is_missing(kibubu, database_url):
    nobody = database_address(database_url).set(username="nobody_yet")
    result = kibubu(
        "migrate",
        DATABASE_URL=nobody.render_as_string(hide_password=False),
        KIBUBU_OWNER_DATABASE_URL=owner_url(database_url),
    )
    assert result.exit_code == 1
    assert "There is no role nobody_yet" in result.output
