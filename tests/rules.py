"""The rules of held money as docs/escrow-rules.md lists them, from the marks on their tests.

    .venv/bin/python -m tests.rules     # writes the page anew

`@pytest.mark.rule(sentence)` says which rule a test proves, `@pytest.mark.fault(what comes, what is
said)` which bad input or fault. Several tests may prove one rule, with the same sentence on each.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "escrow-rules.md"
FAULTS = "Bad input and faults"

# The page's sections in their order, and whose rules each has: files and folders in the order in
# which the section tells of them. Of several that a test lies in, the longest is meant.
SECTIONS = {
    "All of it together": ("reliability",),
    "How money comes to be held": (
        "wallet/escrow/test_pay.py",
        "wallet/escrow/test_offer.py",
        "wallet/escrow/test_decline.py",
        "wallet/escrow/test_claim.py",
        "wallet/escrow/test_registered_claims.py",
        "wallet/contracts",
    ),
    "While it is held, and how it moves on": (
        "wallet/escrow/test_release.py",
        "wallet/escrow/test_give_back.py",
        "wallet/escrow",
    ),
    "Disputes": (
        "wallet/disputes/test_dispute.py",
        "wallet/disputes/test_case.py",
        "wallet/disputes/test_answer.py",
        "wallet/disputes/test_accept.py",
        "wallet/disputes/test_silence.py",
        "wallet/disputes",
    ),
    "On a feature phone": ("ussd",),
    "Prepaid plans": ("wallet/plans/test_plan.py", "wallet/plans/test_visit.py", "wallet/plans"),
    "Trade documents": ("wallet/trade",),
    "The wall": ("wallet/ledger/test_wall.py", "wallet/ledger"),
    "Pricing and settlement": ("wallet/merchants",),
    "Refunds and reversals": (
        "wallet/refunds",
        "wallet/transfers",
        "wallet/approvals",
    ),
    "Payouts": (
        "wallet/destinations",
        "wallet/payouts",
        "reliability/test_payout_kills.py",
        "wallet/banking",
    ),
    "Lists": ("wallet/bulk",),
}
PLACES = [(path, title) for title, paths in SECTIONS.items() for path in paths]

HEAD = """\
# Escrow: every rule, and the tests that prove it

Written by `.venv/bin/python -m tests.rules` from the marks on the tests; change it there. What the
rules come to, to read: [escrow](escrow.md). Paths are from `tests/`.
"""


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """One sentence on one test. In the page's order, as far as its fields say."""

    place: int  # in PLACES
    file: str
    line: int
    test: str
    kind: str  # rule or fault
    said: tuple[str, ...]  # the rule; or what comes, and what is said

    @property
    def section(self) -> str:
        return FAULTS if self.kind == "fault" else PLACES[self.place][1]


def marks() -> list[Mark]:
    """Return all marks there are, in the page's order."""
    return sorted(mark for path in TESTS.rglob("test_*.py") for mark in _marks_in(path))


def sections(found: list[Mark]) -> dict[str, dict[tuple[str, ...], list[Mark]]]:
    """Return what each section tells, and beside each rule its tests.

    A rule stands where its first test does.
    """
    tests: dict[tuple[str, ...], list[Mark]] = {}
    for mark in found:
        tests.setdefault(mark.said, []).append(mark)
    told: dict[str, dict[tuple[str, ...], list[Mark]]] = {t: {} for t in (*SECTIONS, FAULTS)}
    for said, proofs in tests.items():
        told[proofs[0].section][said] = proofs
    return told


def page() -> str:
    """Return docs/escrow-rules.md as it shall be."""
    parts = [HEAD]
    for title, rules in sections(marks()).items():
        titles = ("What comes", "What is said") if title == FAULTS else ("Rule",)
        rows = [(*titles, "Test"), ("---",) * (len(titles) + 1)]
        rows += [(*said, ", ".join(map(_named, proofs))) for said, proofs in rules.items()]
        parts.append(f"## {title}\n\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows))
    return "\n".join(parts)


def _named(mark: Mark) -> str:
    return f"`{mark.file}::{mark.test}`"


def _marks_in(path: Path) -> Iterator[Mark]:
    text = path.read_text()
    if "pytest.mark.rule(" not in text and "pytest.mark.fault(" not in text:
        return
    file = path.relative_to(TESTS).as_posix()
    place = _place_of(file)
    for test in ast.parse(text).body:
        if not isinstance(test, ast.FunctionDef):
            continue
        for decorator in test.decorator_list:
            match decorator:
                case ast.Call(func=ast.Attribute(attr="rule" | "fault" as kind), args=arguments):
                    said = tuple(ast.literal_eval(each) for each in arguments)
                    yield Mark(place, file, decorator.lineno, test.name, kind, said)


def _place_of(file: str) -> int:
    within = [
        (len(path), place)
        for place, (path, _) in enumerate(PLACES)
        if file == path or file.startswith(f"{path}/")
    ]
    assert within, f"{file} is in no section of tests/rules.py"
    return max(within)[1]


if __name__ == "__main__":
    PAGE.write_text(page())
