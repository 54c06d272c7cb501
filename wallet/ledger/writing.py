"""The one writer of money: a batch's postings, entries, rows and texts, set-based.

The balances computed here are proved by the database, which carries the entries to the accounts
itself (migrations/sql/0001_ledger.sql).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast
from uuid import UUID

import orjson

from wallet.errors import Refused
from wallet.ledger.arrays import array
from wallet.ledger.facts import Facts
from wallet.ledger.line import Line
from wallet.ledger.posting import Decision, Posting, Row, Text, in_order

INSERT_POSTINGS: Final = """
    INSERT INTO postings (id, kind, actor_id, key, fingerprint, sender_id, receiver_id, original_id,
                          answer, posted_at)
    SELECT u.*, %s::timestamptz
      FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::uuid[], %s::bytea[], %s::bigint[],
                  %s::bigint[], %s::bigint[], %s::json[]) AS u
"""

INSERT_ENTRIES: Final = """
    INSERT INTO entries (account_id, entry_no, posting_id, amount_minor, balance_after_minor)
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
"""

INSERT_TEXTS: Final = """
    INSERT INTO texts (next_at, queued_at, id, msisdn, body)
    SELECT %s::timestamptz, %s::timestamptz, u.*
      FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS u
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
        self._add_rows(decision.rows)
        answer = orjson.dumps(decision.answer).decode()
        original = decision.posting.original_id
        self._post(decision.posting, first, (actor, key, fingerprint), original, answer)
        for linked in decision.then:
            self._post(linked, self.facts.new_id(), (actor, None, None), first, None)
        self.texts.extend(decision.texts)

    def add_linked(self, postings: Iterable[Posting], rows: Iterable[Row], actor: int) -> None:
        """Take in what belongs to an earlier posting and answers no command of its own."""
        self._add_rows(rows)
        for posting in postings:
            linked_to = posting.original_id
            self._post(posting, self.facts.new_id(), (actor, None, None), linked_to, None)

    def add_refused(self, refusal: Refused) -> None:
        """Take in what is written although a rule said no."""
        self._add_rows(refusal.rows)
        self.texts.extend(cast("Iterable[Text]", refusal.texts))

    def _add_rows(self, rows: Iterable[Any]) -> None:
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
        self.postings.append((id_, posting.kind, *command, *parties, original, answer))
        for leg in posting.legs:
            account = leg.account
            account.entry_count += 1
            account.balance_minor += leg.amount.minor
            assert account.balance_minor >= 0 or account.kind == "trust", (posting.kind, account)
            self.entries.append(
                (account.id, account.entry_count, id_, leg.amount.minor, account.balance_minor)
            )


def write(line: Line, writes: Writes, render: Render) -> None:
    """Write everything a batch decided and commit, in one round trip."""
    now = writes.facts.now
    texts = list(worded(writes.texts, writes.facts, render))
    insert(line, INSERT_POSTINGS, writes.postings, now)
    for kind in in_order(writes.rows):
        rows = [row.values() for row in writes.rows[kind].values()]
        insert(line, kind.WRITE, rows)
    insert(line, INSERT_ENTRIES, writes.entries)
    insert(line, INSERT_TEXTS, texts, now, now)
    line.do("COMMIT")
    line.answers()


def worded(texts: Sequence[Text], facts: Facts, render: Render) -> Iterator[tuple[int, str, str]]:
    """Give texts as their rows: id, number and body."""
    first_id = facts.ids.block(facts.now, len(texts))
    for id_, text in enumerate(texts, start=first_id):
        yield id_, text.msisdn, render(text)


def insert(line: Line, statement: str, rows: Sequence[tuple[Any, ...]], *same: object) -> None:
    """Insert `rows`, a column an array; `same` is what all rows share, before the columns."""
    if rows:
        columns = [array(column) for column in zip(*rows, strict=True)]
        line.do(statement, [*same, *columns])
