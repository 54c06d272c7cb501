"""The books as an operator reads them: totals by currency and kind, and what is wrong."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine

from wallet.ledger.accounts import Kind
from wallet.ledger.books import CHECKS, Check, findings_of, legs_in, totals
from wallet.money import CURRENCIES, Money
from wallet.rooms import brought

WORDS: Final = {
    Kind.TRUST: "trust bank account",
    Kind.WALLET: "wallets",
    Kind.FLOAT: "agents' floats",
    Kind.SETTLEMENT: "merchants' settlements",
    Kind.RESERVE: "merchants' reserves",
    Kind.ESCROW: "held in contracts",
    Kind.BULK: "lists being paid",
    Kind.PREFUND: "partners' prefunds",
    Kind.MAKER: "makers' inventories",
    Kind.IN_TRANSIT: "payouts in transit",
    Kind.FEES: "fees earned",
    Kind.COMMISSIONS: "commissions earned",
    Kind.FX_MARGIN: "FX margin earned",
}


def all_checks() -> tuple[Check, ...]:
    """Return the ledger's own checks, then what each room asks of what it keeps beside it."""
    return (*CHECKS, *brought("books", "CHECKS"))


def check_books(engine: Engine) -> list[str]:
    """Return what is wrong with the books, a sentence each; nothing for clean books."""
    said = {(kind, each) for kind, shapes in brought("books", "LEGS") for each in shapes}
    differing = sorted(said ^ legs_in(engine))
    return [
        *(f"[{legs}] of {kind}: code and database differ on this" for kind, legs in differing),
        *findings_of(engine, all_checks()),
    ]


def show_books(engine: Engine, console: Console) -> bool:
    """Print the books and every finding; return whether they are clean."""
    findings = check_books(engine)
    rows = totals(engine)
    table = Table(title="The books, proved from their entries", title_justify="left")
    table.add_column("Currency")
    table.add_column("Accounts")
    table.add_column("Number", justify="right")
    table.add_column("Balance", justify="right")
    claims = []
    for currency in sorted({row[0] for row in rows}):
        of_currency = [row for row in rows if row[0] == currency]
        for _, kind, balance_minor, accounts in sorted(of_currency, key=lambda row: _rank(row[1])):
            table.add_row(
                currency, WORDS[Kind(kind)], str(accounts), _shown(currency, balance_minor)
            )
        issued = sum(row[2] for row in of_currency if row[1] != Kind.TRUST)
        safeguarded = -sum(row[2] for row in of_currency if row[1] == Kind.TRUST)
        equal = "=" if issued == safeguarded else "≠"
        claim = (
            f"issued {_shown(currency, issued)} {equal} in trust {_shown(currency, safeguarded)}"
        )
        claims.append(f"{currency}: {claim}")
        table.add_section()
    console.print(table)
    for claim in claims:
        console.print(claim, highlight=False)
    for finding in findings:
        console.print(f"[red]✗ {finding}[/]", highlight=False)
    if not findings:
        console.print("[green]✓ The books are clean.[/]")
    return not findings


def _rank(kind: str) -> int:
    return list(Kind).index(Kind(kind))


def _shown(currency: str, minor: int) -> str:
    assert currency in CURRENCIES, currency
    return Money(currency, minor).shown
