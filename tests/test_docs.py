"""What the documents name is there: files, commands, settings, a dispute's states."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from wallet.disputes.records import NEXT
from wallet.running.cli import main

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
# A page may name what it is about without saying where all of it lies.
BASES = (ROOT, *(ROOT / each for each in ("wallet", "tests", "tests/migrations", "migrations")))
FOLDERS = "wallet|ussd|sms|migrations|tests|bench|docs"

FILE = r"[\w<>*-]+(?:/[\w<>*.-]+)*\.(?:py|toml|sql|md|txt|json|lua|lock)"
PATH = re.compile(rf"(?<![\w/.(-])(?:{FILE}|(?:{FOLDERS})/[\w<>*/]*)(?![\w(])")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")
CODE = re.compile(r"```.*?```|`[^`]+`", re.DOTALL)
NAMED_IN = re.compile(r"`(?:\w+\.)*(\w+)`,? in\s+`?([\w/]+\.py)")
STATES = re.compile(r"^ {4}(\w+) --> (\w+): (payer|payee|operator|nobody) (.+)$", re.MULTILINE)


def text_of(page: Path) -> str:
    return page.read_text()


def code_of(page: Path) -> str:
    return "\n".join(CODE.findall(text_of(page)))


def is_there(named: str) -> bool:
    """Tell whether a path is there, or for a pattern (`wallet/<room>/routes.py`) one like it."""
    pattern = re.sub(r"<[^>]*>", "*", named)
    if "/" not in pattern:
        return (
            any(next((ROOT / top).rglob(pattern), None) for top in FOLDERS.split("|"))
            or (ROOT / pattern).exists()
        )
    return any(next(base.glob(pattern.rstrip("/")), None) for base in BASES)


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_path_named_is_there(page):
    assert [each for each in PATH.findall(text_of(page)) if not is_there(each)] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page):
    links = LINK.findall(text_of(page))
    assert [each for each in links if not (page.parent / each).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_named_is_one(page):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    code = code_of(page)
    made = [each for words in re.findall(r"\bmake((?: [a-z]+)+)", code) for each in words.split()]
    assert set(made) - targets == set()
    assert set(re.findall(r"\bkibubu ([a-z][a-z-]*)", code)) - set(main.commands) == set()
    modules = re.findall(r"python -m ([\w.]+)", code)
    assert [each for each in modules if find_spec(each) is None] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_setting_named_is_one(page):
    settings = (ROOT / "docs" / "configuration.md").read_text()
    assert [s for s in re.findall(r"KIBUBU_[A-Z_]+", text_of(page)) if s not in settings] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_name_said_to_be_in_a_file_is_in_it(page):
    for name, path in NAMED_IN.findall(text_of(page)):
        found = [base / path for base in BASES if (base / path).exists()]
        assert any(name in file.read_text() for file in found), f"{name} in {path}"


def test_the_diagram_of_a_dispute_is_its_table_of_states():
    drawn = {
        ((before, who, act), after)
        for before, after, who, acts in STATES.findall(text_of(ROOT / "docs" / "escrow.md"))
        for act in acts.split(", ")
    }
    assert drawn == set(NEXT.items())
