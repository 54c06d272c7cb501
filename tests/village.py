"""Everybody of a small town with a token of their own, and proof that nothing has changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from tests import tables
from tests.callers import Person
from tests.town import Town
from wallet.clock import reference
from wallet.ledger.books import totals
from wallet.people.tokens import Caller
from wallet.web.auth import TOKENS

__all__ = ["Cases", "Village", "kes", "money", "ref"]

Cases = tuple[tuple[dict[str, Any], str], ...]
"""Changes to a good body, and the code that each is refused with."""

MONEY_TABLES = (
    "(SELECT * FROM accounts WHERE holder_id IS NOT NULL OR balance_minor <> 0)",
    *(
        "postings",
        "entries",
        "contracts",
        "paid_orders",
        "disputes",
        "limit_usage",
        "payouts",
        "quotes",
    ),
    *("destinations", "payout_schedules", "payout_batches"),
    *("bank_files", "bank_statements", "bank_lines", "bank_answers", "bank_exceptions"),
    *("bank_uploads", "approvals"),
    "payout_returns",
    *("texts", "agents", "merchants", "tills", "partners", "maker_prices", "reference_rates"),
)
ROWS = " UNION ALL ".join(
    f"SELECT {number}, count(*), sum(hashtext(t::text)) FROM {table} t"
    for number, table in enumerate(MONEY_TABLES)
)


@dataclass
class Village(Town):
    """A town whose people call the API."""

    app: Flask = field(kw_only=True)

    def as_(self, someone: Any, *roles: str) -> Person:
        """Return `someone` with a token; without `roles`, those of what they are."""
        held = frozenset(roles or self._roles(someone))
        token = self.app.extensions[TOKENS].issue(Caller(someone.id, held))
        msisdn = getattr(someone, "msisdn", "")
        return Person(someone.id, msisdn, someone.name, held, self.app.test_client(), token)

    def wallet(self, someone: Any, kind: str = "wallet", currency: str = "KES") -> str:
        """Return the reference of somebody's account."""
        ((id_,),) = self.sql(
            "SELECT id FROM accounts WHERE holder_id = :id AND kind = :kind"
            " AND currency = :currency",
            id=someone.id, kind=kind, currency=currency,
        )  # fmt: skip
        return reference(id_)

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Hold that neither a balance nor a row of any money table changes."""
        before = self.all_there_is()
        yield
        assert self.all_there_is() == before

    def all_there_is(self) -> list[Any]:
        """Return the totals of the books, and each table's rows as one number.

        An empty account of the operator's own is nothing: it is opened when first looked at.
        """
        balances = [total for total in totals(self.service.engine) if total[2] != 0]
        return [*balances, *self.sql(ROWS)]

    @staticmethod
    def _roles(someone: Any) -> tuple[str, ...]:
        if isinstance(someone, tables.Agent):
            return ("consumer", "agent")
        if isinstance(someone, tables.Merchant):
            return ("consumer", "merchant")
        return ("partner",) if isinstance(someone, tables.Business) else ("consumer",)


def kes(amount: Any) -> dict[str, Any]:
    return money(amount, "KES")


def money(amount: Any, currency: Any) -> dict[str, Any]:
    return {"amount": amount, "currency": currency}


def ref(id_: int) -> str:
    return reference(id_)
