"""What a holder may read of the ledger: balances, statements, one transaction.

Amounts in minor units with their currency. A statement is a range of the entries' primary key, so
its cost does not grow with the history; its cursor is the entry number, written as a reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Engine

from wallet.clock import id_of, reference
from wallet.database import read
from wallet.errors import Code, Refused
from wallet.money import Money

LONGEST_PAGE: Final = 200
_AFTER_LAST: Final = 2**62

BALANCES: Final = """
    SELECT id, kind, currency, balance_minor, entry_count, opened_at
      FROM accounts
     WHERE holder_id = :holder
     ORDER BY kind, currency
"""

OWN_ACCOUNT: Final = """
    SELECT id, kind, currency, balance_minor, entry_count, opened_at
      FROM accounts
     WHERE id = :account AND holder_id = :holder
"""

# Between whom value moved is in the posting; a shop or an agent goes by the name on the door.
STATEMENT: Final = """
    SELECT e.entry_no, e.posting_id, p.kind, a.currency, e.amount_minor, e.balance_after_minor,
           coalesce(CASE WHEN p.kind = 'cash_in' THEN g.name
                         WHEN p.kind IN ('pay', 'release', 'release_due', 'return', 'buy_plan',
                                         'visit', 'redeem_visit', 'refund',
                                         'refund_covered', 'dispute', 'dispute_concede',
                                         'dispute_accept', 'dispute_decide',
                                         'dispute_due') THEN m.name
                    END, o.name),
           p.posted_at, p.original_id
      FROM entries e
      JOIN accounts a ON a.id = e.account_id
      JOIN postings p ON p.id = e.posting_id
      LEFT JOIN holders o ON o.id = CASE WHEN p.sender_id = a.holder_id THEN p.receiver_id
                                         ELSE p.sender_id END
      LEFT JOIN merchants m ON m.holder_id = o.id
      LEFT JOIN agents g ON g.holder_id = o.id
     WHERE e.account_id = :account AND e.entry_no < :before
     ORDER BY e.entry_no DESC
     LIMIT :limit
"""

TRANSACTION: Final = """
    SELECT p.id, p.kind, p.posted_at, p.original_id,
           CASE WHEN p.actor_id = :holder THEN p.answer END,
           coalesce(CASE WHEN p.kind = 'cash_in' THEN g.name
                         WHEN p.kind IN ('pay', 'release', 'release_due', 'return', 'buy_plan',
                                         'visit', 'redeem_visit', 'refund',
                                         'refund_covered', 'dispute', 'dispute_concede',
                                         'dispute_accept', 'dispute_decide',
                                         'dispute_due') THEN m.name
                    END, o.name)
      FROM postings p
      LEFT JOIN holders o ON o.id = CASE WHEN p.sender_id = :holder THEN p.receiver_id
                                         WHEN p.receiver_id = :holder THEN p.sender_id END
      LEFT JOIN merchants m ON m.holder_id = o.id
      LEFT JOIN agents g ON g.holder_id = o.id
     WHERE p.id = :posting
       AND (:holder IN (p.actor_id, p.sender_id, p.receiver_id)
            OR EXISTS (SELECT FROM entries e JOIN accounts a ON a.id = e.account_id
                        WHERE e.posting_id = p.id AND a.holder_id = :holder))
"""

OWN_ENTRIES: Final = """
    SELECT a.id, a.kind, a.currency, e.amount_minor, e.balance_after_minor
      FROM entries e JOIN accounts a ON a.id = e.account_id
     WHERE e.posting_id = :posting AND a.holder_id = :holder
     ORDER BY a.id
"""

BY_KEY: Final = "SELECT id FROM postings WHERE actor_id = :actor AND key = :key"


@dataclass(frozen=True, slots=True)
class Balance:
    """One of a holder's accounts."""

    id: int
    kind: str
    amount: Money
    entry_count: int
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of a statement. `counterpart` is the other holder's name, where there is one.

    `original_id` is what it belongs to: the payment that was released, refunded or reversed.
    """

    posting_id: int
    kind: str
    amount: Money
    balance_after: Money
    counterpart: str | None
    posted_at: datetime
    original_id: int | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """A page of lines, newest first; `next_cursor` asks for the older ones, None at the end."""

    lines: tuple[Line, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """What a transaction did to one of the reader's own accounts."""

    account_id: int
    kind: str
    amount: Money
    balance_after: Money


@dataclass(frozen=True, slots=True)
class Transaction:
    """A posting as one of those it concerns may see it.

    `answer` is what the one who gave the command was told; it holds their balance, so nobody else
    sees it.
    """

    id: int
    kind: str
    counterpart: str | None
    entries: tuple[OwnEntry, ...]
    original_id: int | None
    answer: Mapping[str, Any] | None
    posted_at: datetime


def balances(engine: Engine, holder_id: int) -> tuple[Balance, ...]:
    """Return all accounts of a holder with what is in them."""
    return tuple(_balance(row) for row in read(engine, BALANCES, holder=holder_id))


def account_of(engine: Engine, holder_id: int, account_id: int) -> Balance | None:
    """Return one account, if it is this holder's own."""
    rows = read(engine, OWN_ACCOUNT, account=account_id, holder=holder_id)
    return _balance(rows[0]) if rows else None


def statement(
    engine: Engine, account_id: int, before: str | None = None, limit: int = 50
) -> Statement:
    """Return an account's entries, newest first, older than the cursor `before`.

    Raises `Refused` for a cursor that is none of ours.
    """
    assert 0 < limit <= LONGEST_PAGE, limit
    rows = read(engine, STATEMENT, account=account_id, before=cursor_id(before), limit=limit + 1)
    lines = tuple(
        Line(posting, kind, Money(currency, amount), Money(currency, after), *told)
        for _, posting, kind, currency, amount, after, *told in rows[:limit]
    )
    more = len(rows) > limit
    return Statement(lines, reference(rows[limit - 1][0]) if more else None)


def cursor_id(before: str | None) -> int:
    """Return the number that a list's cursor stands for; without one, past the newest.

    Raises `Refused` for a cursor that is none of ours.
    """
    if before is None:
        return _AFTER_LAST
    number = id_of(before)
    if number is None:
        raise Refused(Code.FORMAT_ERROR, field="before")
    return number


def transaction(engine: Engine, holder_id: int, posting_id: int) -> Transaction | None:
    """Return what of a posting concerns this holder; None where nothing does."""
    rows = read(engine, TRANSACTION, holder=holder_id, posting=posting_id)
    if not rows:
        return None
    found = read(engine, OWN_ENTRIES, holder=holder_id, posting=posting_id)
    entries = tuple(
        OwnEntry(account, kind, Money(currency, amount), Money(currency, after))
        for account, kind, currency, amount, after in found
    )
    id_, kind, posted_at, original_id, answer, counterpart = rows[0]
    return Transaction(id_, kind, counterpart, entries, original_id, answer, posted_at)


def transaction_by_key(engine: Engine, actor: int, key: UUID) -> Transaction | None:
    """Answer "did it go through?": what the actor's command of this key did; None for nothing."""
    found = read(engine, BY_KEY, actor=actor, key=key)
    return transaction(engine, actor, found[0][0]) if found else None


def _balance(row: tuple[Any, ...]) -> Balance:
    id_, kind, currency, minor, entry_count, opened_at = row
    return Balance(id_, kind, Money(currency, minor), entry_count, opened_at)
