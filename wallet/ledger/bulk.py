"""Many payments out of one account, written at once: a posting and two entries each.

The poster's way costs an object for each leg; here a batch is columns from the start, because a
list has a hundred thousand rows. What is written, and what proves it, is the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from wallet.ledger.accounts import Account
from wallet.ledger.arrays import array
from wallet.ledger.line import Line
from wallet.ledger.posting import in_order
from wallet.ledger.writing import INSERT_ENTRIES, INSERT_POSTINGS, INSERT_TEXTS, Writes, insert

INSERT_PAYMENTS: Final = """
    INSERT INTO postings (id, kind, actor_id, sender_id, receiver_id, original_id, posted_at)
    SELECT u.id, %(kind)s, %(actor)s::bigint, %(sender)s::bigint, u.receiver_id,
           %(original)s::bigint, %(now)s::timestamptz
      FROM unnest(%(ids)s::bigint[], %(receivers)s::bigint[]) AS u (id, receiver_id)
"""

# Each payment's other side leaves the one account, whose numbers and balances follow in order.
INSERT_PAYMENT_ENTRIES: Final = """
    INSERT INTO entries (account_id, entry_no, posting_id, amount_minor, balance_after_minor)
    SELECT * FROM unnest(%(accounts)s::bigint[], %(entry_nos)s::bigint[], %(ids)s::bigint[],
                         %(amounts)s::bigint[], %(afters)s::bigint[])
     UNION ALL
    SELECT %(own)s::bigint, %(own_no)s::bigint + u.place, u.id, -u.amount_minor, u.after_minor
      FROM unnest(%(ids)s::bigint[], %(amounts)s::bigint[], %(own_afters)s::bigint[])
           WITH ORDINALITY AS u (id, amount_minor, after_minor, place)
"""


@dataclass(slots=True)
class Payments:
    """A batch of payments out of `own`; adding one moves the accounts on."""

    own: Account
    kind: str
    actor: int
    sender_id: int
    original_id: int
    own_no: int = field(init=False)
    ids: list[int] = field(default_factory=list)
    receivers: list[int | None] = field(default_factory=list)
    accounts: list[int] = field(default_factory=list)
    entry_nos: list[int] = field(default_factory=list)
    amounts: list[int] = field(default_factory=list)
    afters: list[int] = field(default_factory=list)
    own_afters: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.own_no = self.own.entry_count

    def add(self, id_: int, receiver_id: int | None, account: Account, amount_minor: int) -> None:
        """Pay `amount_minor` into `account` as the posting `id_`."""
        own = self.own
        assert amount_minor > 0, amount_minor
        assert account.currency == own.currency, account
        account.entry_count += 1
        account.balance_minor += amount_minor
        own.entry_count += 1
        own.balance_minor -= amount_minor
        assert own.balance_minor >= 0, own
        self.ids.append(id_)
        self.receivers.append(receiver_id)
        self.accounts.append(account.id)
        self.entry_nos.append(account.entry_count)
        self.amounts.append(amount_minor)
        self.afters.append(account.balance_minor)
        self.own_afters.append(own.balance_minor)

    def named(self, now: object) -> dict[str, Any]:
        """Return the parameters of the two statements above."""
        return {
            "kind": self.kind,
            "actor": self.actor,
            "sender": self.sender_id,
            "original": self.original_id,
            "own": self.own.id,
            "own_no": self.own_no,
            "now": now,
            "ids": array(self.ids),
            "receivers": array(self.receivers),
            "accounts": array(self.accounts),
            "entry_nos": array(self.entry_nos),
            "amounts": array(self.amounts),
            "afters": array(self.afters),
            "own_afters": array(self.own_afters),
        }


def write_payments(
    line: Line,
    payments: Payments | None,
    writes: Writes,
    texts: Iterable[tuple[int, str, str]],
) -> None:
    """Write a batch of payments, then what else was decided with it, and commit.

    `writes` may go on with the same accounts. `texts` are ids, numbers and bodies; they are drawn
    last, so that wording them does not keep the database waiting.
    """
    now = writes.facts.now
    named = {} if payments is None else payments.named(now)
    if payments is not None and payments.ids:
        line.do(INSERT_PAYMENTS, named)
    insert(line, INSERT_POSTINGS, writes.postings, now)
    for kind in in_order(writes.rows):
        insert(line, kind.WRITE, [row.values() for row in writes.rows[kind].values()])
    if payments is not None and payments.ids:
        line.do(INSERT_PAYMENT_ENTRIES, named)
    insert(line, INSERT_ENTRIES, writes.entries)
    insert(line, INSERT_TEXTS, list(texts), now, now)
    line.do("COMMIT")
    line.answers()
