"""Migrations apply from empty, and every statement the code is written with fits what they make."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import psycopg
import pytest
from sqlalchemy import TextClause, text
from sqlalchemy import inspect as look_at

import migrations
import sms
import ussd
import wallet
from tests.conftest import run
from tests.roles import address
from wallet.database import make_engine, migrate

BEGINNING = re.compile(r"\s*(--[^\n]*\n\s*)*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
PARAMETER = re.compile(
    r"%\((?P<pyformat>\w+)\)s|(?P<format>%s)|(?<![:\w]):(?P<named>[a-z_]\w*)|(?P<percent>%%)"
)
QUOTED = re.compile(r"'(?:[^']|'')*'|--[^\n]*")


def modules() -> Iterator[ModuleType]:
    for package in (wallet, ussd, sms):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def statements() -> dict[str, str]:
    """Every SQL constant of a module or a class, by its name."""
    found = {}
    for module in modules():
        owners: list[tuple[str, object]] = [(module.__name__, module)]
        owners += [
            (f"{module.__name__}.{name}", kind)
            for name, kind in vars(module).items()
            if inspect.isclass(kind) and kind.__module__ == module.__name__
        ]
        for owner, holder in owners:
            for name, value in vars(holder).items():
                for suffix, statement in written(value):
                    if BEGINNING.match(statement):
                        found[f"{owner}.{name}{suffix}"] = statement
    return found


def written(value: object) -> Iterator[tuple[str, str]]:
    """The texts in a constant: itself, or those in its dictionaries and tuples."""
    if isinstance(value, TextClause):
        yield "", value.text
    elif isinstance(value, str):
        yield "", value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from ((f"[{key}]{suffix}", statement) for suffix, statement in written(each))
    elif isinstance(value, tuple):
        yield from written(dict(enumerate(value)))


def prepared(statement: str) -> str:
    """The statement with `$n` for its parameters; a name stands for the same one everywhere."""
    numbers: dict[str, int] = {}
    kept = QUOTED.sub(lambda quoted: quoted[0].replace(":", "\x01"), statement)

    def number(match: re.Match[str]) -> str:
        if match["percent"]:
            return "%"
        name = match["pyformat"] or match["named"] or f"%{len(numbers)}"
        return f"${numbers.setdefault(name, len(numbers) + 1)}"

    return PARAMETER.sub(number, kept).replace("\x01", ":")


STATEMENTS = statements()


def test_statements_are_found_in_every_package():
    owners = {name.split(".")[0] for name in STATEMENTS}
    assert owners >= {"wallet", "sms"}
    assert len(STATEMENTS) > 40


@pytest.mark.parametrize("name", STATEMENTS)
def test_every_statement_fits_the_migrated_schema(shared_town, name):
    with shared_town.service.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        result = raw.pgconn.prepare(b"", prepared(STATEMENTS[name]).encode())
        assert result.status == psycopg.pq.ExecStatus.COMMAND_OK, result.error_message.decode()


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT %(id)s, %(id)s, %(x)s", "SELECT $1, $1, $2"),
        ("VALUES (%s, %s)", "VALUES ($1, $2)"),
        ("SELECT :id, x::text, ':no', '%%'", "SELECT $1, x::text, ':no', '%'"),
    ],
)
def test_parameters_of_every_style_are_recognised(statement, expected):
    assert prepared(statement) == expected


def test_an_empty_database_is_migrated_and_migrating_again_changes_nothing(servers, admin):
    run(admin, "CREATE DATABASE kibubu_from_empty")
    url = address(servers.database_url, "kibubu_from_empty")
    engine = make_engine(url)
    try:
        migrate(url)
        tables = look_at(engine).get_table_names()
        assert {"accounts", "postings", "entries", "contracts", "holders", "texts"} <= set(tables)
        migrate(url)
        with engine.connect() as connection:
            versions = connection.execute(text("SELECT version_num FROM alembic_version")).all()
        assert len(versions) == 1
    finally:
        engine.dispose()
        run(admin, "DROP DATABASE kibubu_from_empty WITH (FORCE)")


def test_every_constraint_is_named_after_its_rule(shared_town):
    """`accounts_check1` would tell nobody which rule was broken."""
    unnamed = shared_town.sql(
        "SELECT conname FROM pg_constraint JOIN pg_namespace n ON n.oid = connamespace"
        " WHERE nspname = 'public' AND contype = 'c' AND conname ~ '_check[0-9]*$'"
    )
    assert unnamed == []


def test_every_sql_file_belongs_to_a_migration():
    folder = Path(next(iter(migrations.__path__)))
    files, versions = folder.glob("sql/*.sql"), folder.glob("versions/*.py")
    assert {each.stem for each in files} == {each.stem for each in versions} - {"__init__"}
