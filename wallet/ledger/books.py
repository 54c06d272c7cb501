"""The books check: proves the ledger from its entries alone.

What a room keeps beside the ledger, it has checked itself: `CHECKS` in its `books.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Engine, text

Check = tuple[str, str]
"""What is told of a row that should not be, and the query whose rows those are.

The sentence takes a row's columns as {0}, {1} … The query looks at all rows in one go, by joins of
whole tables: it is run on ledgers of many millions of entries.
"""

CHECKS: Final = (
    (
        "posting {0} does not net to zero in {1}: {2} minor units",
        """
            SELECT e.posting_id, a.currency, sum(e.amount_minor)
              FROM entries e JOIN accounts a ON a.id = e.account_id
             GROUP BY e.posting_id, a.currency HAVING sum(e.amount_minor) <> 0
        """,
    ),
    (
        "account {0} says {1}, its entries say {2}",
        """
            SELECT a.id, a.balance_minor, coalesce(sum(e.amount_minor), 0)
              FROM accounts a LEFT JOIN entries e ON e.account_id = a.id
             GROUP BY a.id HAVING a.balance_minor <> coalesce(sum(e.amount_minor), 0)
                 OR a.entry_count <> count(e.account_id)
        """,
    ),
    (
        "entry {1} of account {0} does not continue the one before",
        """
            SELECT account_id, entry_no
              FROM (SELECT account_id, entry_no, amount_minor, balance_after_minor,
                           lag(balance_after_minor, 1, 0::bigint) OVER account AS before_minor,
                           row_number() OVER account AS expected_no
                      FROM entries WINDOW account AS (PARTITION BY account_id ORDER BY entry_no)) e
             WHERE balance_after_minor <> before_minor + amount_minor OR entry_no <> expected_no
        """,
    ),
    (
        "entry {1} of account {0} belongs to no account or posting",
        """
            SELECT e.account_id, e.entry_no FROM entries e
             WHERE NOT EXISTS (SELECT FROM accounts a WHERE a.id = e.account_id)
                OR NOT EXISTS (SELECT FROM postings p WHERE p.id = e.posting_id)
        """,
    ),
    (
        # Rows are only ever added, so a row's transaction is the one that added it. After a restore
        # of the whole table it is one for all of them: then their legs tell of what was appended.
        "posting {0} has entries of different transactions",
        """
            SELECT posting_id FROM entries
             GROUP BY posting_id HAVING min(xmin::text::bigint) <> max(xmin::text::bigint)
        """,
    ),
    (
        "posting {3} ({0}) has the legs [{1}], which its kind may not have, as {2} in all do",
        """
            SELECT kind, legs, count(*), min(id)
              FROM (SELECT p.id, p.kind, coalesce(e.legs, '') AS legs
                      FROM postings p
                      LEFT JOIN (SELECT e.posting_id,
                                        string_agg(a.kind || CASE WHEN e.amount_minor < 0
                                                                  THEN '-' ELSE '+' END, ' '
                                                   ORDER BY a.kind COLLATE "C", e.amount_minor < 0)
                                        AS legs
                                   FROM entries e JOIN accounts a ON a.id = e.account_id
                                  GROUP BY e.posting_id, a.currency) e ON e.posting_id = p.id) p
             WHERE NOT EXISTS (SELECT FROM posting_legs l
                                WHERE l.kind = p.kind AND l.legs = p.legs)
             GROUP BY kind, legs
        """,
    ),
    (
        "posting {0} ({1}) told of an amount and has no entries",
        """
            SELECT p.id, p.kind FROM postings p
             WHERE coalesce(p.answer -> 'amount', p.answer -> 'target') IS NOT NULL
               AND NOT EXISTS (SELECT FROM entries e WHERE e.posting_id = p.id)
        """,
    ),
    (
        "account {0} ({1}) is overdrawn: {2}",
        """
            SELECT id, kind, balance_minor FROM accounts WHERE kind <> 'trust' AND balance_minor < 0
        """,
    ),
    (
        "{0}: issued e-money {1} is not what the trust account holds, {2}",
        """
            SELECT currency, sum(balance_minor) FILTER (WHERE kind <> 'trust'),
                   -sum(balance_minor) FILTER (WHERE kind = 'trust')
              FROM accounts GROUP BY currency HAVING sum(balance_minor) <> 0
        """,
    ),
)

LEGS: Final = "SELECT kind, legs FROM posting_legs"

_TOTALS: Final = """
    SELECT currency, kind, sum(balance_minor), count(*) FROM accounts
     GROUP BY currency, kind ORDER BY currency, kind
"""


def findings_of(engine: Engine, checks: Iterable[Check]) -> list[str]:
    """Return what is wrong by these checks, a sentence each; nothing where all is well.

    All of it is read from one snapshot, so it can run beside live traffic.
    """
    findings = []
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        for sentence, query in checks:
            for row in connection.execute(text(query)):
                findings.append(sentence.format(*row))  # noqa: PERF401 -- rows come one by one
    return findings


def legs_in(engine: Engine) -> set[tuple[str, str]]:
    """Return the legs that the database lets each kind of posting have."""
    with engine.connect() as connection:
        return {(row[0], row[1]) for row in connection.execute(text(LEGS))}


def totals(engine: Engine) -> list[tuple[str, str, int, int]]:
    """Return (currency, account kind, balance in minor units, accounts) for each kind."""
    with engine.connect() as connection:
        rows = connection.execute(text(_TOTALS)).all()
    return [(row[0], row[1], int(row[2]), int(row[3])) for row in rows]
