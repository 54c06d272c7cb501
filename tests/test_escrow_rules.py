"""docs/escrow.md: each rule of held money is one sentence, beside a test that there is."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "escrow.md"
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")
TITLES = {"Rule", "What comes", "---"}
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text().splitlines()
    if line.startswith("|")
]
ROWS = [cells for cells in ROWS if cells[0] not in TITLES]
RULES = [cells for cells in ROWS if len(cells) == 2]


@cache
def names_in(file: str) -> frozenset[str]:
    path = TESTS / file
    if not path.exists():
        return frozenset()
    tree = ast.parse(path.read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("cells", ROWS, ids=lambda cells: cells[0][:60])
def test_each_rule_names_tests_that_there_are(cells):
    named = NAMED.findall(cells[-1])
    assert named
    assert [f"{file}::{name}" for file, name in named if name not in names_in(file)] == []
    assert NAMED.sub("", cells[-1]).replace(",", "").strip() == ""


def test_each_rule_is_one_sentence():
    assert [rule for rule, _ in RULES if not rule.endswith(".") or ". " in rule] == []


def test_no_rule_is_told_twice():
    told = [cells[0] for cells in ROWS]
    assert sorted(told) == sorted(set(told))
