"""The house rules that a machine can hold: layers, sizes, no floats near money, one writer."""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PRODUCT = ("wallet", "ussd", "sms", "migrations")
EVERYTHING = (*PRODUCT, "bench", "tests")

# Imports point down: a module never imports from a layer above its own. What is not named (the
# command line, the worker, whatever wires things together) stands on top of them all.
VOCABULARY = ("wallet.money", "wallet.errors", "wallet.clock", "wallet.phones", "wallet.markets")
LAYERS: tuple[tuple[str, ...], ...] = (
    VOCABULARY,
    ("wallet.ledger",),
    ("wallet.flows", "wallet.escrow", "wallet.fx", "wallet.people"),
    ("wallet.http", "ussd", "sms"),
)

MONEY_CODE = ("wallet.money", "wallet.ledger", "wallet.flows", "wallet.fx", "wallet.escrow")
LONGEST_FUNCTION = 70
LONGEST_FILE = 400
WRITES_MONEY = re.compile(
    r"\b(insert\s+into|update|delete\s+from|merge\s+into|truncate(\s+table)?|copy)\s+"
    r"(only\s+)?(accounts|postings|entries)\b",
    re.IGNORECASE,
)
UNFINISHED = re.compile("|".join(rf"\b{a}{b}\b" for a, b in (("TO", "DO"), ("FIX", "ME"))))

Rule = Callable[[str, ast.Module], Iterator[str]]


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def layer(module: str) -> int | None:
    """The layer's height; None for what is not ours, or is no part of any layer."""
    for height, packages in enumerate(LAYERS):
        if within(module, packages):
            return height
    return None


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.lineno, node.module or ""
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def flows_know_no_web(module: str, tree: ast.Module) -> Iterator[str]:
    if within(module, ("wallet.flows",)):
        for line, name in imported(tree):
            if name.split(".")[0] in {"flask", "flask_smorest", "werkzeug", "marshmallow"}:
                yield f"{line} imports {name}"


def imports_point_down(module: str, tree: ast.Module) -> Iterator[str]:
    own = layer(module)
    if own is not None:
        for line, name in imported(tree):
            other = layer(name)
            if other is not None and other > own:
                yield f"{line} imports {name}, which is above it"


def seconds(tree: ast.Module) -> Iterator[ast.AST]:
    """What belongs to a name such as `pause_s`: seconds may be fractions."""
    for node in ast.walk(tree):
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)])
                | ast.AnnAssign(target=ast.Name(id=name))
                | ast.arg(arg=name)
                | ast.keyword(arg=str(name))
            ) if name.lower().endswith("_s"):
                yield from ast.walk(node)


def money_is_never_a_float(module: str, tree: ast.Module) -> Iterator[str]:
    if within(module, MONEY_CODE):
        allowed = set(seconds(tree))
        for node in set(ast.walk(tree)) - allowed:
            if isinstance(node, ast.Name) and node.id == "float":
                yield f"{node.lineno} says float"
            if isinstance(node, ast.Constant) and isinstance(node.value, float):
                yield f"{node.lineno} writes {node.value}"


def functions_are_short(module: str, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name != "decide":
            assert node.end_lineno is not None
            lines = node.end_lineno - node.lineno + 1
            if lines > LONGEST_FUNCTION:
                yield f"{node.lineno} {node.name} has {lines} lines"


def only_the_ledger_writes_money(module: str, tree: ast.Module) -> Iterator[str]:
    if within(module, PRODUCT) and not within(module, ("wallet.ledger",)):
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found = WRITES_MONEY.search(node.value)
                if found:
                    yield f"{node.lineno} writes: {found.group()}"


RULES: tuple[Rule, ...] = (
    flows_know_no_web,
    imports_point_down,
    money_is_never_a_float,
    functions_are_short,
    only_the_ledger_writes_money,
)
OFFENDERS = (
    (flows_know_no_web, "wallet.flows.send", "from flask import current_app"),
    (imports_point_down, "wallet.ledger.poster", "from wallet.flows import send"),
    (imports_point_down, "wallet.flows.send", "import sms.outbox"),
    (imports_point_down, "wallet.money", "from wallet import ledger"),
    (money_is_never_a_float, "wallet.fx.quotes", "rate = 129.05"),
    (money_is_never_a_float, "wallet.ledger.posting", "def fee(bps: float): ..."),
    (money_is_never_a_float, "wallet.ledger.posting", "PAUSE_S = 0.1; share = 0.1"),
    (functions_are_short, "ussd.menus.send", "def menu():\n" + "    step()\n" * 70),
    (only_the_ledger_writes_money, "wallet.http.sends", "sql = 'UPDATE accounts SET x = 1'"),
    (only_the_ledger_writes_money, "wallet.escrow.due", "'''INSERT INTO\n   entries'''"),
)


def sources(folders: tuple[str, ...]) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_code_keeps_the_rule(rule):
    findings = [
        f"{path.relative_to(ROOT)}:{finding}"
        for path in sources(EVERYTHING)
        for finding in rule(module_of(path), parsed(path))
    ]
    assert findings == []


@pytest.mark.parametrize(("rule", "module", "source"), OFFENDERS)
def test_each_rule_catches_an_offender(rule, module, source):
    assert list(rule(module, ast.parse(source)))


def test_no_file_is_too_long_to_read():
    lengths = {path: path.read_text().count("\n") for path in sources(EVERYTHING)}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_nothing_is_left_unfinished():
    marked = [path for path in sources(EVERYTHING) if UNFINISHED.search(path.read_text())]
    assert marked == []


def test_every_folder_of_the_product_is_looked_at():
    assert {module_of(path).split(".")[0] for path in sources(PRODUCT)} >= {"wallet", "sms"}
