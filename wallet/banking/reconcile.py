"""Reconciliation: what the bank says, held against our payouts.

A booked debit with a payout's reference and amount shows that it was paid: it settles one of which
nothing was known, and reconciles one that was said to be paid. A credit with them shows that it
came back. A status report settles too; the first final word stands. Whatever fits nothing, or
contradicts what is booked, becomes an exception: it moves nothing and waits for an operator.

One process does this at a time (an advisory lock), and each thing it posts has a key that follows
from the payout; killed anywhere, it is done again to the same end.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, text

from wallet.banking import bank_return
from wallet.banking.iso20022.pain001 import batch_in
from wallet.clock import Ids, id_of
from wallet.errors import Refused
from wallet.ledger.poster import Poster
from wallet.payouts.handover import settle
from wallet.payouts.rails.rail import Failed, Paid

log = logging.getLogger(__name__)

A_STEP: Final = 500

LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtext('kibubu reconciliation'))")

# Debits first: what came back must have gone before.
NEW_LINES: Final = text("""
    SELECT l.id, s.file_id, l.currency, l.amount_minor, l.is_reversal, l.end_to_end_id
      FROM bank_lines l JOIN bank_statements s ON s.id = l.statement_id
     WHERE l.taken_at IS NULL
     ORDER BY l.statement_id, l.amount_minor >= 0, l.id
     LIMIT :most
""")
NEW_ANSWERS: Final = text("""
    SELECT id, file_id, reference, status, reason, is_paid, is_final
      FROM bank_answers
     WHERE taken_at IS NULL
     ORDER BY id
     LIMIT :most
""")
STANDINGS: Final = text("""
    SELECT p.id, p.currency, p.amount_minor, p.state,
           EXISTS (SELECT FROM bank_lines l WHERE l.payout_id = p.id AND l.amount_minor < 0)
               AS is_shown,
           EXISTS (SELECT FROM bank_lines l WHERE l.payout_id = p.id AND l.amount_minor >= 0)
               AS is_returned
      FROM payouts p
     WHERE p.id = ANY(:ids) AND p.kind = 'bank'
""")
BATCHES: Final = text("SELECT id FROM payout_batches WHERE id = ANY(:ids) AND kind = 'bank'")
TAKE_LINES: Final = text("""
    UPDATE bank_lines l SET taken_at = :now, payout_id = v.payout_id
      FROM unnest(CAST(:ids AS bigint[]), CAST(:payouts AS bigint[])) AS v (id, payout_id)
     WHERE l.id = v.id
""")
TAKE_ANSWERS: Final = text("UPDATE bank_answers SET taken_at = :now WHERE id = ANY(:ids)")
RAISE: Final = text("""
    INSERT INTO bank_exceptions (id, file_id, line_id, answer_id, reason, payout_id, raised_at)
    VALUES (:id, :file_id, :line_id, :answer_id, :reason, :payout_id, :now)
""")


class Reason(StrEnum):
    """Why something of the bank's is left to a person. Published: append, never rename."""

    FILE_REFUSED = "file_refused"  # nothing of it was taken
    UNKNOWN_REFERENCE = "unknown_reference"  # no payout of ours has it
    AMOUNT_DIFFERS = "amount_differs"  # the payout's amount or currency is another
    NEVER_SENT = "never_sent"  # the payout was not handed to the bank
    PAID_TWICE = "paid_twice"  # another line shows its payment already
    PAID_AFTER_FAILURE = "paid_after_failure"  # it had failed, and the merchant has the money
    FAILED_AFTER_PAYMENT = "failed_after_payment"  # it had been paid; a statement shows returns
    REVERSAL = "reversal"  # the bank takes back what it had given us
    RETURNED_UNPAID = "returned_unpaid"  # nothing shows that it ever went
    RETURNED_TWICE = "returned_twice"
    RECEIVER_CLOSED = "receiver_closed"  # its merchant is closed
    DUPLICATE_REJECTED = "duplicate_rejected"  # the bank takes it for one it had before
    OPENING_DIFFERS = "opening_differs"  # an account's first statement, and the books say another
    OTHER_ACCOUNT = "other_account"  # a statement of it was in the file, and was left out


@dataclass(slots=True)
class Standing:
    """A payout as far as reconciliation is concerned."""

    id: int
    currency: str
    amount_minor: int
    state: str
    is_shown: bool  # a line shows its payment
    is_returned: bool  # a line shows its return


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Acts upon what Intake has stored."""

    engine: Engine
    poster: Poster
    ids: Ids

    def step(self, now: datetime) -> int:
        """Take the next answers and lines; return how many."""
        with self.engine.begin() as connection:
            connection.execute(LOCK)
            return self._answers(connection, now) + self._lines(connection, now)

    def finish(self, now: datetime) -> None:
        """Take all there is."""
        while self.step(now):
            pass

    def link(self, standing: Standing | None, line: Row[Any], now: datetime) -> Reason | None:
        """Let a line show a payout's payment or return; or return why it does not."""
        if standing is None:
            return Reason.UNKNOWN_REFERENCE
        reason = misfit(standing, line.currency, line.amount_minor, is_reversal=line.is_reversal)
        if reason is not None:
            return reason
        if line.amount_minor < 0:
            return self._shown(standing, now)
        return self._returned(standing)

    def _answers(self, connection: Connection, now: datetime) -> int:
        rows = connection.execute(NEW_ANSWERS, {"most": A_STEP}).all()
        found = standings(connection, (row.reference for row in rows))
        for row in rows:
            standing = found.get(id_of(row.reference) or 0)
            reason = self._heed(standing, row, now)
            if reason is not None:
                self._raise(connection, reason, row, standing, now, answer_id=row.id)
        if rows:
            connection.execute(TAKE_ANSWERS, {"ids": [row.id for row in rows], "now": now})
        return len(rows)

    def _heed(self, standing: Standing | None, row: Row[Any], now: datetime) -> Reason | None:
        if not row.is_final:
            return Reason.DUPLICATE_REJECTED
        if standing is None:
            return Reason.UNKNOWN_REFERENCE
        outcome = Paid() if row.is_paid else Failed(row.reason or "no reason given")
        match settle(self.engine, self.poster, standing.id, outcome, now):
            case "exception" if row.is_paid:
                return Reason.PAID_AFTER_FAILURE
            case "exception":
                return Reason.FAILED_AFTER_PAYMENT
            case "refused":
                return Reason.NEVER_SENT
        standing.state = "paid" if row.is_paid else "failed"
        return None

    def _lines(self, connection: Connection, now: datetime) -> int:
        rows = connection.execute(NEW_LINES, {"most": A_STEP}).all()
        found = standings(connection, (row.end_to_end_id or "" for row in rows))
        batches = _batches(connection, (row.end_to_end_id or "" for row in rows))
        matched: dict[int, int | None] = {}
        for row in rows:
            standing = found.get(id_of(row.end_to_end_id or "") or 0)
            reason = self.link(standing, row, now)
            if standing is None and id_of(batch_in(row.end_to_end_id or "")) in batches:
                reason = Reason.AMOUNT_DIFFERS  # else it would have been taken by payment
            if reason is not None:
                self._raise(connection, reason, row, standing, now, line_id=row.id)
            matched[row.id] = standing.id if standing is not None and reason is None else None
        if rows:
            taken = {"ids": list(matched), "payouts": list(matched.values()), "now": now}
            connection.execute(TAKE_LINES, taken)
        return len(rows)

    def _shown(self, standing: Standing, now: datetime) -> Reason | None:
        if standing.state != "paid":
            match settle(self.engine, self.poster, standing.id, Paid(), now):
                case "exception":
                    return Reason.PAID_AFTER_FAILURE
                case "refused":
                    return Reason.NEVER_SENT
        standing.state, standing.is_shown = "paid", True
        return None

    def _returned(self, standing: Standing) -> Reason | None:
        try:
            command = bank_return.Command(standing.id, standing.currency)
            self.poster.post(bank_return.decide, command)
        except Refused as refusal:
            log.warning("a return was not booked: %s", refusal)
            return Reason.RECEIVER_CLOSED
        standing.is_returned = True
        return None

    def _raise(
        self,
        connection: Connection,
        reason: Reason,
        row: Row[Any],
        standing: Standing | None,
        now: datetime,
        **what: int,
    ) -> None:
        raised = {
            "id": self.ids.next(now), "file_id": row.file_id, "line_id": None, "answer_id": None,
            "reason": reason.value, "payout_id": standing.id if standing else None, "now": now,
        }  # fmt: skip
        connection.execute(RAISE, raised | what)


def misfit(
    standing: Standing, currency: str, amount_minor: int, *, is_reversal: bool
) -> Reason | None:
    """Return why a line does not show what became of a payout, or None where it does."""
    if currency != standing.currency or abs(amount_minor) != standing.amount_minor:
        return Reason.AMOUNT_DIFFERS
    if amount_minor < 0:
        if is_reversal:
            return Reason.REVERSAL
        if standing.is_shown:
            return Reason.PAID_TWICE
        return {
            "failed": Reason.PAID_AFTER_FAILURE, "requested": Reason.NEVER_SENT,
        }.get(standing.state)  # fmt: skip
    if standing.is_returned:
        return Reason.RETURNED_TWICE
    return None if standing.state == "paid" else Reason.RETURNED_UNPAID


def standings(connection: Connection, references: Iterable[str]) -> Mapping[int, Standing]:
    """Return the bank payouts that are meant, by id."""
    ids: Sequence[int] = [id_ for id_ in map(id_of, set(references)) if id_ is not None]
    if not ids:
        return {}
    rows = connection.execute(STANDINGS, {"ids": ids})
    return {row.id: Standing(*row) for row in rows}


def _batches(connection: Connection, references: Iterable[str]) -> frozenset[int]:
    """Return which of the batches that these may name are ours."""
    ids = {id_of(batch_in(each)) for each in references} - {None}
    return frozenset(connection.execute(BATCHES, {"ids": list(ids)}).scalars() if ids else ())
