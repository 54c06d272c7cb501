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

# A room stands on the rooms in its row, and every row stands below those it names: so no two
# rooms ever need each other. The vocabulary is everybody's.
VOCABULARY = (
    "wallet.money", "wallet.errors", "wallet.clock", "wallet.pasted", "wallet.numbers",
    "wallet.markets", "wallet.config", "wallet.database", "wallet.retention",
)  # fmt: skip
ROOMS: dict[str, tuple[str, ...]] = {
    "ledger": (),
    "people": ("ledger",),
    "approvals": ("ledger", "people"),
    "merchants": ("ledger", "people"),
    "qr": (),
    "refunds": ("ledger", "people", "merchants"),
    "contracts": ("ledger", "people", "merchants"),
    "disputes": ("ledger", "people", "approvals", "contracts"),
    "plans": ("ledger", "people", "merchants", "contracts"),
    "escrow": ("ledger", "people", "merchants", "contracts", "disputes", "plans"),
    "trade": ("ledger", "people", "contracts"),
    "transfers": ("ledger", "people", "approvals", "merchants", "refunds"),
    "destinations": ("ledger", "people", "merchants"),
    "payouts": ("ledger", "people", "approvals", "merchants", "refunds", "destinations"),
    "banking": ("ledger", "approvals", "payouts", "destinations"),
    "fx": ("ledger", "people"),
    "bulk": ("ledger", "people", "contracts"),
    "onboarding": ("ledger", "people", "merchants", "destinations"),
    "accounts": ("ledger", "people"),
}
# A room's edge (what it shows over HTTP, what a worker does of it) may use, beside its room, the
# kernel and the edges of rooms that stand above it in the table. Nothing but an edge uses an edge.
EDGE = re.compile(r"(.*_)?(routes|schemas|jobs)|approvable")
KERNEL = (
    "wallet.web", "wallet.service", "wallet.jobs", "wallet.rooms", "wallet.gateways", "sms",
)  # fmt: skip
# These stand on everything, and nothing stands on them but each other.
OUTSIDE = ("wallet.running", "ussd")

MONEY_CODE = ("wallet.money", *(f"wallet.{room}" for room in ROOMS if room not in {"qr", "people"}))
LONGEST_FUNCTION = 70
LONGEST_FILE = 400
FULLEST_FOLDER = 23
WRITES_MONEY = re.compile(
    r"\b(insert\s+into|update|delete\s+from|merge\s+into|truncate(\s+table)?|copy)\s+"
    r"(only\s+)?(accounts|postings|entries)\b",
    re.IGNORECASE,
)
UNFINISHED = re.compile("|".join(rf"\b{a}{b}\b" for a, b in (("TO", "DO"), ("FIX", "ME"))))

ANYTHING = {"Exception", "BaseException"}

Rule = Callable[[str, ast.Module], Iterator[str]]


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def room_of(module: str) -> str | None:
    """The room that a module is in; None for what is in no room."""
    top, _, rest = module.partition(".")
    room = rest.partition(".")[0]
    return room if top == "wallet" and room in ROOMS else None


def is_edge(module: str) -> bool:
    return any(EDGE.fullmatch(part) for part in module.split(".")[2:])


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.lineno, node.module or ""
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def named(node: ast.AST | None) -> Iterator[str]:
    """The names that are spoken in it; a bare `except` speaks of everything."""
    if node is None:
        yield "BaseException"
    else:
        yield from (each.id for each in ast.walk(node) if isinstance(each, ast.Name))


def rules_know_no_web(module: str, tree: ast.Module) -> Iterator[str]:
    if room_of(module) is not None and not is_edge(module):
        for line, name in imported(tree):
            if name.split(".")[0] in {"flask", "flask_smorest", "werkzeug", "marshmallow"}:
                yield f"{line} imports {name}"


def a_room_stands_on_what_its_row_names(module: str, tree: ast.Module) -> Iterator[str]:
    own = room_of(module)
    for line, name in imported(tree):
        other = room_of(name)
        if within(name, OUTSIDE) and (own or within(module, (*VOCABULARY, *KERNEL))):
            yield f"{line} imports {name}, which stands on everything"
        if own is None or (other is None and not within(name, KERNEL)):
            continue
        if not is_edge(module):
            if other is None:
                yield f"{line} imports {name}, which only an edge may"
            elif other != own and other not in ROOMS[own]:
                yield f"{line} imports {name}, which is not in the row of {own}"
            elif is_edge(name):
                yield f"{line} imports {name}, which is an edge"
        elif other is not None and list(ROOMS).index(other) > list(ROOMS).index(own):
            yield f"{line} imports {name}, which stands on {own}"


def the_vocabulary_stands_alone(module: str, tree: ast.Module) -> Iterator[str]:
    if within(module, VOCABULARY):
        for line, name in imported(tree):
            if room_of(name) is not None or within(name, KERNEL):
                yield f"{line} imports {name}"


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


def no_error_is_swallowed(module: str, tree: ast.Module) -> Iterator[str]:
    """Whoever catches whatever it is raises it, logs it, or hands it on."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and ANYTHING & set(named(node.type)):
            said = {name for each in node.body for name in named(each)}
            is_raised = any(isinstance(each, ast.Raise) for each in ast.walk(node))
            if not is_raised and not said & {node.name, "log", "logger", "log_defect"}:
                yield f"{node.lineno} swallows whatever it is"
        elif isinstance(node, ast.Call) and {"suppress"} == set(named(node.func)):
            yield from (
                f"{node.lineno} suppresses any {each}" for each in ANYTHING & set(named(node))
            )


RULES: tuple[Rule, ...] = (
    rules_know_no_web,
    a_room_stands_on_what_its_row_names,
    the_vocabulary_stands_alone,
    money_is_never_a_float,
    functions_are_short,
    only_the_ledger_writes_money,
    no_error_is_swallowed,
)
OFFENDERS = (
    (rules_know_no_web, "wallet.transfers.send", "from flask import current_app"),
    (a_room_stands_on_what_its_row_names, "wallet.ledger.poster", "from wallet.people import pin"),
    (a_room_stands_on_what_its_row_names, "wallet.people.pin", "import sms.outbox"),
    (a_room_stands_on_what_its_row_names, "wallet.fx.pricing", "from wallet.fx import routes"),
    (a_room_stands_on_what_its_row_names, "wallet.fx.rates", "from wallet.web import docs"),
    (a_room_stands_on_what_its_row_names, "wallet.fx.routes", "from wallet.bulk import lists"),
    (a_room_stands_on_what_its_row_names, "wallet.web.docs", "import wallet.running.cli"),
    (the_vocabulary_stands_alone, "wallet.money", "from wallet import ledger"),
    (money_is_never_a_float, "wallet.fx.rates", "rate = 129.05"),
    (money_is_never_a_float, "wallet.ledger.posting", "def fee(bps: float): ..."),
    (money_is_never_a_float, "wallet.ledger.posting", "PAUSE_S = 0.1; share = 0.1"),
    (functions_are_short, "ussd.menus.send", "def menu():\n" + "    step()\n" * 70),
    (only_the_ledger_writes_money, "wallet.transfers.routes", "sql = 'UPDATE accounts SET x = 1'"),
    (only_the_ledger_writes_money, "wallet.escrow.jobs", "'''INSERT INTO\n   entries'''"),
    (no_error_is_swallowed, "sms.outbox", "try: send()\nexcept Exception: sent = None"),
    (no_error_is_swallowed, "ussd.http", "try: answer()\nexcept: pass"),
    (no_error_is_swallowed, "wallet.jobs", "with suppress(KeyError, Exception): work()"),
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


def test_every_row_stands_below_the_rooms_it_names():
    order = list(ROOMS)
    for room, row in ROOMS.items():
        assert all(order.index(other) < order.index(room) for other in row), room


def test_every_folder_of_the_wallet_has_its_row():
    folders = {path.parent.name for path in (ROOT / "wallet").glob("*/__init__.py")}
    assert folders == {*ROOMS, "markets", "web", "running"}


def test_no_folder_is_too_full_to_look_through():
    folders = {path.parent for path in sources(PRODUCT)}
    full = {folder: len(list(folder.glob("*.py"))) for folder in folders}
    assert {folder: files for folder, files in full.items() if files > FULLEST_FOLDER} == {}


def test_no_file_is_too_long_to_read():
    lengths = {path: path.read_text().count("\n") for path in sources(EVERYTHING)}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_nothing_is_left_unfinished():
    marked = [path for path in sources(EVERYTHING) if UNFINISHED.search(path.read_text())]
    assert marked == []


def test_every_folder_of_the_product_is_looked_at():
    assert {module_of(path).split(".")[0] for path in sources(PRODUCT)} >= {"wallet", "sms"}
