"""Held payments: contracts to release by hand, and many that are due in the same minute.

They are written set-based and through the triggers, which prove them; amounts are minor units.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg

from bench import people
from bench.wrk import BenchFailed
from wallet.escrow.jobs import DUE_JOBS, release_due
from wallet.jobs import Step
from wallet.service import Service

SHOPS: Final = 1_000
"""Merchants who have payments held for a day; their tills come after those of the others."""
PART_MINOR: Final = 100_00
WHOLE_MINOR: Final = 10_000_00  # to be released in many parts

OPEN_SHOPS: Final = (
    """
    INSERT INTO holders (id, msisdn, name, language, market, tier, registered_at)
    SELECT %(merchant)s + i, '+25472' || (9000000 + i), 'Holder ' || i, 'en', 'KE', 1, now()
      FROM generate_series(0, %(shops)s - 1) i
    """,
    """
    INSERT INTO merchants (holder_id, name, city, category, escrow_period_s)
    SELECT %(merchant)s + i, 'Held ' || i, 'Nairobi', '5411', 86400
      FROM generate_series(0, %(shops)s - 1) i
    """,
    """
    INSERT INTO tills (number, merchant_id, label)
    SELECT (%(till)s + i)::text, %(merchant)s + i, 'Front' FROM generate_series(0, %(shops)s - 1) i
    """,
    """
    INSERT INTO accounts (id, holder_id, kind, currency, opened_at)
    SELECT %(settlement)s + i, %(merchant)s + i, 'settlement', 'KES', now()
      FROM generate_series(0, %(shops)s - 1) i
    """,
)

HOLD: Final = (
    """
    CREATE TEMPORARY TABLE held ON COMMIT DROP AS
    SELECT %(first)s + i AS id, a.id AS wallet_id, a.holder_id, a.balance_minor, a.entry_count,
           i %% %(shops)s AS shop
      FROM generate_series(0, %(count)s - 1) i JOIN accounts a ON a.id = %(wallet)s + i
    """,
    """
    INSERT INTO accounts (id, kind, currency, opened_at)
    SELECT id, 'escrow', 'KES', now() FROM held
    """,
    """
    INSERT INTO postings (id, kind, actor_id, key, fingerprint, sender_id, receiver_id, answer,
                          posted_at)
    SELECT id, 'pay', holder_id, gen_random_uuid(), '\\x00'::bytea, holder_id,
           %(merchant)s + shop, '{"kind": "pay"}'::json, now()
      FROM held
    """,
    """
    INSERT INTO contracts (id, origin, payer_id, payee_id, payer_account_id, payee_account_id,
                           till, currency, amount_minor, opened_at, deadline_at)
    SELECT id, 'payment', holder_id, %(merchant)s + shop, wallet_id, %(settlement)s + shop,
           (%(till)s + shop)::text, 'KES', %(amount)s, now() - interval '1 day',
           date_trunc('minute', now()) + %(period_s)s * interval '1 second'
      FROM held
    """,
    """
    INSERT INTO entries (account_id, entry_no, posting_id, amount_minor, balance_after_minor)
    SELECT wallet_id, entry_count + 1, id, -%(amount)s, balance_minor - %(amount)s FROM held
     UNION ALL
    SELECT id, 1, id, %(amount)s, %(amount)s FROM held
    """,
)


@dataclass(slots=True)
class Held:
    """The contracts of a database with so many wallets and merchants."""

    libpq_url: str
    wallets: int
    merchants: int
    made: int = 0
    steps: list[Step] = field(default_factory=list)
    """What a worker does of due contracts, side by side."""

    def open_shops(self) -> None:
        """Make the merchants whose payments are held, and a contract of every wallet with one."""
        with psycopg.connect(self.libpq_url) as connection:
            for statement in OPEN_SHOPS:
                connection.execute(statement.encode(), self._named())
        self.hold(self.wallets, WHOLE_MINOR, 30 * 86400)

    def hold(self, count: int, amount_minor: int, period_s: int) -> None:
        """Make `count` contracts, each of another wallet, due `period_s` after this minute."""
        first = people.CONTRACTS + self.made
        self.made += self.wallets
        named = self._named() | {
            "first": first, "count": count, "amount": amount_minor, "period_s": period_s,
        }  # fmt: skip
        with psycopg.connect(self.libpq_url) as connection:
            for statement in HOLD:
                connection.execute(statement.encode(), named)

    def release_due(self, service: Service, count: int) -> float:
        """Return the releases a second of `count` contracts that are due in the same minute."""
        self.hold(count, PART_MINOR, 0)
        if not self.steps:
            self.steps = [release_due(service) for _ in range(DUE_JOBS)]
        began = time.perf_counter()
        with ThreadPoolExecutor(DUE_JOBS) as pool:
            released = sum(pool.map(_do_all, self.steps))
        took_s = time.perf_counter() - began
        if released != count:
            raise BenchFailed(f"of {count} due contracts {released} were released")
        return released / took_s

    def _named(self) -> dict[str, Any]:
        return {
            "shops": SHOPS,
            "wallet": people.WALLETS,
            "merchant": people.MERCHANTS + self.merchants,
            "settlement": people.SETTLEMENTS + self.merchants,
            "till": people.FIRST_TILL + self.merchants,
        }


def _do_all(step: Step) -> int:
    """Do a job until nothing is left that another has not; return how much that was."""
    return sum(iter(step, 0))
