"""A database with wallets, balances and a history, made by a few set-based statements.

The rows are those that the service would have written. They are written past the triggers, which
check batches and not millions; `check_books` proves the outcome at the end of every bench.
Amounts are minor units of KES. The opening balances are cash that one agent took in, out of one
deposit; the history is sends.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import psycopg

from bench import people
from wallet.config import PinKey
from wallet.database import migrate
from wallet.running.embedded import APPLICATION, Postgres

OPENING_MINOR: Final = 40_000_000  # below the balance limit of tier 1, enough for all sends
LEGS_OF_A_SEND: Final = 3

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Population:
    """Wallets with their holders, merchants with a till each and no holding period, past sends."""

    wallets: int
    merchants: int = 0
    sends: int = 0

    @classmethod
    def with_entries(cls, wallets: int, entries: int) -> Population:
        """Return as many sends as make this many entries, with the opening balances'."""
        return cls(wallets, sends=(entries - 2 * wallets - 2) // LEGS_OF_A_SEND)

    def named(self) -> dict[str, int]:
        """Return what the statements below call it."""
        return {
            "wallets": self.wallets,
            "merchants": self.merchants,
            "sends": self.sends,
            "opening": OPENING_MINOR,
            "holder": people.HOLDERS,
            "merchant": people.MERCHANTS,
            "wallet": people.WALLETS,
            "settlement": people.SETTLEMENTS,
            "trust": people.TRUST,
            "fees": people.FEES,
            "float": people.FLOAT,
            "posting": people.POSTINGS,
            "till": people.FIRST_TILL,
        }


PREPARE: Final = """
    SET session_replication_role = replica;
    SET synchronous_commit = off;
    SET maintenance_work_mem = '1GB';
    SET work_mem = '1GB';
    SELECT setseed(0.5);
"""

COPY_HOLDERS: Final = """
    COPY holders (id, msisdn, name, language, market, tier, pin_kid, pin_salt, pin_mac,
                  registered_at)
    FROM STDIN
"""

MERCHANTS: Final = """
    INSERT INTO merchants (holder_id, name, city, category, escrow_period_s)
    SELECT %(merchant)s + i, 'Duka ' || i, 'Nairobi', '5411', 0
      FROM generate_series(0, %(merchants)s - 1) i
"""

TILLS: Final = """
    INSERT INTO tills (number, merchant_id, label)
    SELECT (%(till)s + i)::text, %(merchant)s + i, 'Front'
      FROM generate_series(0, %(merchants)s - 1) i
"""

# Who sent how much to whom: 101 to 499 shillings, for a fee of 7.
HISTORY: Final = """
    CREATE TEMPORARY TABLE history AS
    SELECT n, sender, (sender + 1 + floor(random() * (%(wallets)s - 1))::bigint) %% %(wallets)s
              AS receiver, amount_minor, 700::bigint AS fee_minor
      FROM (SELECT n, floor(random() * %(wallets)s)::bigint AS sender,
                   100 * (101 + floor(random() * 399)::bigint) AS amount_minor
              FROM generate_series(1, %(sends)s) n) drawn
"""

POSTINGS: Final = """
    INSERT INTO postings (id, kind, actor_id, key, fingerprint, sender_id, receiver_id, answer,
                          posted_at)
    SELECT %(posting)s, 'deposit', 0, gen_random_uuid(), '\\x00'::bytea, NULL, NULL,
           '{"kind": "deposit"}'::json, now() - interval '60 days'
     UNION ALL
    SELECT %(posting)s + 1 + i, 'cash_in', %(holder)s, gen_random_uuid(), '\\x00'::bytea,
           %(holder)s, %(holder)s + i, '{"kind": "cash_in"}'::json, now() - interval '60 days'
      FROM generate_series(0, %(wallets)s - 1) i
     UNION ALL
    SELECT %(posting)s + %(wallets)s + n, 'send', %(holder)s + sender, gen_random_uuid(),
           decode(md5(n::text), 'hex'), %(holder)s + sender, %(holder)s + receiver,
           format('{"reference":"%%s","kind":"send","amount":{"amount":"%%s.00","currency":"KES"},'
                  '"fee":{"amount":"7.00","currency":"KES"},"balance":{"amount":"250000.00",'
                  '"currency":"KES"},"receiver":{"name":"Person %%s","msisdn":"+254%%s"},'
                  '"posted_at":"2026-01-05T09:00:00+00:00"}',
                  lpad(n::text, 12, '0'), amount_minor / 100, receiver, 710000000 + receiver)::json,
           now() - interval '50 days' + n * interval '1 second'
      FROM history
"""

ENTRIES: Final = """
    INSERT INTO entries (account_id, entry_no, posting_id, amount_minor, balance_after_minor)
    SELECT account_id, row_number() OVER account, posting_id, amount_minor,
           (sum(amount_minor) OVER account)::bigint
      FROM (SELECT %(trust)s, %(posting)s, -%(wallets)s::bigint * %(opening)s
             UNION ALL
            SELECT %(float)s, %(posting)s, %(wallets)s::bigint * %(opening)s
             UNION ALL
            SELECT %(float)s, %(posting)s + 1 + i, -%(opening)s::bigint
              FROM generate_series(0, %(wallets)s - 1) i
             UNION ALL
            SELECT %(wallet)s + i, %(posting)s + 1 + i, %(opening)s
              FROM generate_series(0, %(wallets)s - 1) i
             UNION ALL
            SELECT %(wallet)s + sender, %(posting)s + %(wallets)s + n, -amount_minor - fee_minor
              FROM history
             UNION ALL
            SELECT %(wallet)s + receiver, %(posting)s + %(wallets)s + n, amount_minor FROM history
             UNION ALL
            SELECT %(fees)s, %(posting)s + %(wallets)s + n, fee_minor FROM history
           ) legs (account_id, posting_id, amount_minor)
    WINDOW account AS (PARTITION BY account_id ORDER BY posting_id
                       ROWS UNBOUNDED PRECEDING)
"""

ACCOUNTS: Final = """
    INSERT INTO accounts (id, holder_id, kind, currency, balance_minor, entry_count, opened_at)
    SELECT opened.id, holder_id, kind, 'KES', coalesce(balance_minor, 0), coalesce(entries, 0),
           now() - interval '61 days'
      FROM (SELECT %(trust)s, NULL::bigint, 'trust'
             UNION ALL
            SELECT %(fees)s, NULL, 'fees'
             UNION ALL
            SELECT %(float)s, %(holder)s, 'float'
             UNION ALL
            SELECT %(wallet)s + i, %(holder)s + i, 'wallet'
              FROM generate_series(0, %(wallets)s - 1) i
             UNION ALL
            SELECT %(settlement)s + i, %(merchant)s + i, 'settlement'
              FROM generate_series(0, %(merchants)s - 1) i
           ) opened (id, holder_id, kind)
      LEFT JOIN (SELECT account_id, sum(amount_minor)::bigint AS balance_minor, count(*) AS entries
                   FROM entries GROUP BY account_id) moved ON moved.account_id = opened.id
"""

USAGE: Final = """
    INSERT INTO limit_usage (holder_id, currency, day, day_out_minor, month_out_minor,
                             day_in_minor, month_in_minor)
    SELECT %(holder)s + sender, 'KES', current_date - 1, sum(amount_minor), sum(amount_minor), 0, 0
      FROM history GROUP BY sender
"""

# Indexes that no constraint stands on are made afterwards: in one go, as a restored backup's are.
LATER_INDEXES: Final = """
    SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
      FROM pg_index i
      LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid
     WHERE i.indrelid IN ('entries'::regclass, 'postings'::regclass, 'accounts'::regclass,
                          'holders'::regclass)
       AND c.oid IS NULL
"""


def seed(server: Postgres, database: str, population: Population, key: PinKey) -> None:
    """Create `database` with the service's schema and a population in it."""
    with psycopg.connect(server.libpq_url("postgres"), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {database}".encode())
    migrate(server.url(database), application=APPLICATION)
    with psycopg.connect(server.libpq_url(database), autocommit=True) as connection:
        populate(connection, population, key)
        connection.execute("VACUUM (ANALYZE)")


def populate(connection: Connection, population: Population, key: PinKey) -> None:
    """Fill empty tables. The connection has to be a superuser's, to write past the triggers."""
    connection.execute(PREPARE)
    with connection.transaction():
        later = connection.execute(LATER_INDEXES).fetchall()
        for name, _ in later:
            connection.execute(f"DROP INDEX {name}".encode())
        _copy(connection, people.holder_lines(population.wallets, key))
        _copy(connection, people.merchant_lines(population.merchants))
        statements: tuple[LiteralString, ...] = (
            MERCHANTS, TILLS, HISTORY, POSTINGS, ENTRIES, ACCOUNTS, USAGE,
        )  # fmt: skip
        for statement in statements:
            connection.execute(statement, population.named())
        for _, definition in later:
            connection.execute(definition.encode())


def _copy(connection: Connection, lines: Iterable[str]) -> None:
    with connection.cursor() as cursor, cursor.copy(COPY_HOLDERS) as copy:
        for line in lines:
            copy.write(line)
