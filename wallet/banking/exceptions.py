"""The operator's side of reconciliation: what waits for a person, and what was shown by whom.

An exception of a line is resolved by linking it to the payout it shows, which then goes as if the
bank had given the right reference, or by a note. One of a report or a file has only the note: what
is to be done about it is done elsewhere, by a flow of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import text

from wallet.banking.reconcile import LOCK, TAKE_LINES, Reconciler, standings
from wallet.clock import reference
from wallet.database import read
from wallet.errors import Code, Refused
from wallet.ledger.entries import LONGEST_PAGE, cursor_id
from wallet.money import Money

_EXCEPTION: Final = """e.id, e.reason, e.raised_at, e.resolved_at, e.resolution, e.note,
    resolver.name, e.payout_id, f.id, f.name, f.refusal, l.currency, l.amount_minor, l.booked_on,
    l.bank_reference, l.end_to_end_id, coalesce(l.told, e.told), a.reference, a.status, a.reason"""
_FROM: Final = """
      FROM bank_exceptions e
      JOIN bank_files f ON f.id = e.file_id
      LEFT JOIN bank_lines l ON l.id = e.line_id
      LEFT JOIN bank_answers a ON a.id = e.answer_id
      LEFT JOIN holders resolver ON resolver.id = e.resolved_by"""

READ_EXCEPTIONS: Final = f"""
    SELECT {_EXCEPTION} {_FROM}
     WHERE e.id < :before AND (:all OR e.resolved_at IS NULL)   -- index bank_exceptions_open
     ORDER BY e.id DESC
     LIMIT :limit
"""
READ_EXCEPTION: Final = f"SELECT {_EXCEPTION} {_FROM} WHERE e.id = :id"

READ_STATEMENTS: Final = """
    SELECT s.id, s.name, s.account, s.currency, s.opening_minor, s.closing_minor, s.line_count,
           (SELECT count(*) FROM bank_lines l
             WHERE l.statement_id = s.id AND l.payout_id IS NOT NULL),
           f.name, f.received_at
      FROM bank_statements s
      JOIN bank_files f ON f.id = s.file_id
     WHERE s.id < :before
     ORDER BY s.id DESC
     LIMIT :limit
"""
READ_PAID: Final = """
    SELECT p.id, p.currency, p.amount_minor, p.settled_at, l.taken_at, s.name, r.returned_at
      FROM payouts p
      LEFT JOIN bank_lines l ON l.payout_id = p.id AND l.amount_minor < 0
      LEFT JOIN bank_statements s ON s.id = l.statement_id
      LEFT JOIN payout_returns r ON r.payout_id = p.id
     WHERE p.kind = 'bank' AND p.state = 'paid' AND p.id < :before
       AND coalesce(CAST(:reconciled AS boolean) = (l.id IS NOT NULL), true)
     ORDER BY p.id DESC
     LIMIT :limit
"""

LOCK_EXCEPTION: Final = text("""
    SELECT e.id, e.line_id, e.resolution, e.note, e.payout_id, l.currency, l.amount_minor,
           l.is_reversal
      FROM bank_exceptions e
      LEFT JOIN bank_lines l ON l.id = e.line_id
     WHERE e.id = :id
       FOR NO KEY UPDATE OF e
""")
OWNER: Final = text("SELECT merchant_id FROM payouts WHERE id = :payout")
RESOLVE: Final = text("""
    UPDATE bank_exceptions
       SET resolved_at = :now, resolved_by = :resolver, resolution = :resolution, note = :note,
           payout_id = coalesce(:payout, payout_id)
     WHERE id = :id
""")


@dataclass(frozen=True, slots=True)
class ExceptionView:
    """What waits, or waited: of a line, a report's answer, or a whole file."""

    id: int
    reason: str
    raised_at: datetime
    resolved_at: datetime | None
    resolution: str | None
    note: str | None
    resolved_by: str | None
    payout_id: int | None
    file_id: int
    file: str
    refusal: str | None
    amount: Money | None  # below zero: it went
    booked_on: date | None
    bank_reference: str | None
    our_reference: str | None
    told: str | None
    status: str | None


@dataclass(frozen=True, slots=True)
class StatementView:
    """A statement, and how many of its new lines have found their payouts."""

    id: int
    name: str
    account: str
    opening: Money
    closing: Money
    line_count: int
    matched_count: int
    file: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class PaidView:
    """A payout that was paid to a bank account, and which statement shows it."""

    id: int
    amount: Money
    settled_at: datetime
    reconciled_at: datetime | None
    statement: str | None
    returned_at: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """Newest first; `next_cursor` asks for the older ones, None at the end."""

    items: tuple[Any, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class BankDesk:
    """What an operator sees and does."""

    reconciler: Reconciler

    def exceptions(self, before: str | None, limit: int, *, also_resolved: bool) -> Page:
        """Return what waits, or all that ever did."""
        found = self._rows(READ_EXCEPTIONS, before, limit, all=also_resolved)
        return _page([_exception(row) for row in found], limit)

    def exception(self, id_: int) -> ExceptionView | None:
        rows = read(self.reconciler.engine, READ_EXCEPTION, id=id_)
        return _exception(rows[0]) if rows else None

    def statements(self, before: str | None, limit: int) -> Page:
        return _page([_statement(row) for row in self._rows(READ_STATEMENTS, before, limit)], limit)

    def paid(self, before: str | None, limit: int, *, reconciled: bool | None) -> Page:
        """Return payouts that banks have paid; where asked, those that a statement shows or not."""
        found = self._rows(READ_PAID, before, limit, reconciled=reconciled)
        return _page([_paid(row) for row in found], limit)

    def resolve(
        self, id_: int, resolver: int, note: str, payout_id: int | None, now: datetime
    ) -> None:
        """Resolve an exception, once. Said again in the same words, it changes nothing."""
        resolution = "noted" if payout_id is None else "linked"
        with self.reconciler.engine.begin() as connection:
            connection.execute(LOCK)
            found = connection.execute(LOCK_EXCEPTION, {"id": id_}).one_or_none()
            if found is None:
                raise Refused(Code.NOT_FOUND)
            if found.resolution is not None:
                same = (found.resolution, found.note) == (resolution, note)
                if same and payout_id in {None, found.payout_id}:
                    return
                raise Refused(Code.INCORRECT_STATE, state=found.resolution)
            if payout_id is not None:
                # A return of a stranger's, linked to one's own payout, would be one's own money.
                owner = connection.execute(OWNER, {"payout": payout_id}).scalar_one_or_none()
                if owner == resolver:
                    raise Refused(Code.OWN_TRANSACTION)
                if found.line_id is None:
                    raise Refused(Code.INCORRECT_STATE, reason="not_a_line")
                standing = standings(connection, [reference(payout_id)]).get(payout_id)
                reason = self.reconciler.link(standing, found, now)
                if reason is not None:
                    raise Refused(Code.INCORRECT_STATE, reason=reason.value)
                taken = {"ids": [found.line_id], "payouts": [payout_id], "now": now}
                connection.execute(TAKE_LINES, taken)
            resolved = {
                "id": id_, "resolver": resolver, "resolution": resolution, "note": note,
                "payout": payout_id, "now": now,
            }  # fmt: skip
            connection.execute(RESOLVE, resolved)

    def _rows(
        self, statement: str, before: str | None, limit: int, **named: object
    ) -> list[tuple[Any, ...]]:
        assert 0 < limit <= LONGEST_PAGE, limit
        engine = self.reconciler.engine
        return read(engine, statement, before=cursor_id(before), limit=limit + 1, **named)


def _page(items: list[Any], limit: int) -> Page:
    shown = tuple(items[:limit])
    return Page(shown, reference(shown[-1].id) if len(items) > limit else None)


def _exception(row: tuple[Any, ...]) -> ExceptionView:
    *start, currency, minor, booked_on, key, end_to_end_id, told = row[:17]
    payout, status, said = row[17:]
    amount = None if currency is None else Money(currency, minor)
    line: tuple[Any, ...] = (amount, booked_on, key, end_to_end_id or payout, told or said, status)
    return ExceptionView(*start, *line)


def _statement(row: tuple[Any, ...]) -> StatementView:
    id_, name, account, currency, opening, closing, *rest = row
    return StatementView(
        id_, name, account, Money(currency, opening), Money(currency, closing), *rest
    )


def _paid(row: tuple[Any, ...]) -> PaidView:
    id_, currency, amount, *rest = row
    return PaidView(id_, Money(currency, amount), *rest)
