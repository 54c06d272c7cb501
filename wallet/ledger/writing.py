"""The one writer of money: a batch's postings, entries, rows and texts, set-based.

The balances computed here are proved by the database, which carries the entries to the accounts
itself (migrations/sql/0001_ledger.sql).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import orjson

from wallet.ledger.facts import Facts
from wallet.ledger.posting import Decision, Posting, Row, Text
from wallet.ledger.reading import Cursor

FIND_RECEIPTS: Final = """
    SELECT p.actor_id, p.key, p.fingerprint, p.answer
      FROM unnest(%(actors)s::bigint[], %(keys)s::uuid[]) AS wanted (actor_id, key)
      JOIN postings p ON p.actor_id = wanted.actor_id AND p.key = wanted.key
"""

COPY_POSTINGS: Final = """
    COPY postings (id, kind, actor_id, key, fingerprint, sender_id, receiver_id, original_id,
                   answer, posted_at) FROM STDIN
"""

COPY_ENTRIES: Final = """
    COPY entries (account_id, entry_no, posting_id, amount_minor, balance_after_minor) FROM STDIN
"""

COPY_TEXTS: Final = """
    COPY texts (id, msisdn, body, next_at, queued_at) FROM STDIN
"""


Render = Callable[[Text], str]
"""Makes a text's body: `sms` knows the wordings, the ledger does not."""


@dataclass(slots=True)
class Writes:
    """What a batch has decided so far; adding to it moves the batch's facts on."""

    facts: Facts
    postings: list[tuple[Any, ...]] = field(default_factory=list)
    entries: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    rows: dict[type[Row], dict[object, Row]] = field(default_factory=dict)

    def add(self, decision: Decision, actor: int, key: UUID, fingerprint: bytes) -> None:
        """Take a decision in; the present command's id becomes its posting's."""
        first = self.facts.id
        self.add_rows(decision.rows)
        answer = orjson.dumps(decision.answer).decode()
        self._post(decision.posting, first, (actor, key, fingerprint), None, answer)
        for linked in decision.then:
            self._post(linked, self.facts.new_id(), (actor, None, None), first, None)
        self.texts.extend(decision.texts)

    def add_rows(self, rows: Iterable[Any]) -> None:
        """Take rows in, also those of a refusal."""
        for row in rows:
            self.rows.setdefault(type(row), {})[row.identity] = row
            row.apply(self.facts)

    def _post(
        self,
        posting: Posting,
        id_: int,
        command: tuple[int, UUID | None, bytes | None],
        original: int | None,
        answer: str | None,
    ) -> None:
        parties = (posting.sender_id, posting.receiver_id)
        self.postings.append(
            (id_, posting.kind, *command, *parties, original, answer, self.facts.now)
        )
        for leg in posting.legs:
            account = leg.account
            account.entry_count += 1
            account.balance_minor += leg.amount.minor
            assert account.balance_minor >= 0 or account.kind == "trust", (posting.kind, account)
            self.entries.append(
                (account.id, account.entry_count, id_, leg.amount.minor, account.balance_minor)
            )


def find_receipts(
    cursor: Cursor, commands: Sequence[tuple[int, UUID]]
) -> dict[tuple[int, UUID], tuple[bytes, Mapping[str, Any]]]:
    """Return fingerprint and answer of the commands that have been done before."""
    actors = [actor for actor, _ in commands]
    keys = [key for _, key in commands]
    cursor.execute(FIND_RECEIPTS, {"actors": actors, "keys": keys})
    return {(row[0], row[1]): (row[2], row[3]) for row in cursor.fetchall()}


def write(cursor: Cursor, writes: Writes, render: Render) -> None:
    """Write everything a batch decided; nothing where all its commands were refused."""
    _copy(cursor, COPY_POSTINGS, writes.postings)
    for kind in sorted(writes.rows, key=lambda each: each.RANK):
        rows = writes.rows[kind].values()
        columns = zip(*(row.values() for row in rows), strict=True)
        cursor.execute(kind.WRITE, [list(column) for column in columns])
    _copy(cursor, COPY_ENTRIES, writes.entries)
    now = writes.facts.now
    texts = [(writes.facts.new_id(), each.msisdn, render(each), now, now) for each in writes.texts]
    _copy(cursor, COPY_TEXTS, texts)


def _copy(cursor: Cursor, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if not rows:
        return
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
