"""A debit for a whole batch of ours, which names no payment: taken as its payments, each a line.

We ask for a line for each payment (`BtchBookg` false), but a bank may book the sum, and name only
the batch (MsgId) or its part (PmtInfId). Where the sum is that of the batch's payments, or of those
that have not failed, it stands for them. Else it stays one line, for a person.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from wallet.banking.iso20022.camt053 import Line, Statement
from wallet.banking.iso20022.pain001 import batch_in
from wallet.clock import id_of, reference
from wallet.money import Money

PAYMENTS: Final = text("""
    SELECT batch_id, id, currency, amount_minor, state
      FROM payouts
     WHERE batch_id = ANY(:batches) AND kind = 'bank'
     ORDER BY id
""")


def by_payment(connection: Connection, said: Statement) -> Statement:
    """Return a statement whose debits for a batch are lines for its payments."""
    batches = {id_ for each in said.lines if (id_ := _batch(each)) is not None}
    if not batches:
        return said
    payments: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(PAYMENTS, {"batches": list(batches)}):
        payments[row.batch_id].append(row)
    lines = [part for each in said.lines for part in _parts(each, payments[_batch(each) or 0])]
    return replace(said, lines=tuple(lines))


def _batch(line: Line) -> int | None:
    is_debit = line.amount.minor < 0 and not line.is_reversal
    return id_of(batch_in(line.end_to_end_id)) if is_debit and line.end_to_end_id else None


def _parts(line: Line, payments: list[Row[Any]]) -> list[Line]:
    currency = line.amount.currency
    all_ = [row for row in payments if row.currency == currency]
    for rows in (all_, [row for row in all_ if row.state != "failed"]):
        if rows and sum(row.amount_minor for row in rows) == -line.amount.minor:
            return [
                replace(
                    line,
                    amount=Money(currency, -row.amount_minor),
                    end_to_end_id=reference(row.id),
                )
                for row in rows
            ]
    return [line]
