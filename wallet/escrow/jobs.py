"""What time does to contracts: at their deadline the rest goes to whom it belongs then."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from wallet.errors import Code
from wallet.escrow import release
from wallet.escrow.registered_claims import RegisteredClaims
from wallet.jobs import SHORTLY_S, SOON_S, Job, Parts, Step
from wallet.ledger.due import Shares, Timer, TimerLoop

BATCH: Final = 512
"""How many are released in one transaction: payers' and payees' accounts are locked meanwhile."""
DUE_JOBS: Final = 2
"""So many release side by side: while PostgreSQL writes one batch, another is decided."""

DUE: Final = text("""
    SELECT id
      FROM contracts   -- index contracts_due
     WHERE coalesce(payee_id, payer_id) % 16 = :share
       AND due_at <= :now
       AND id <> ALL(:resting)
     ORDER BY due_at
     LIMIT :limit
       FOR NO KEY UPDATE SKIP LOCKED
""")
# The share whose first is due longest, of those that no other worker has.
SHARES: Final = Shares(
    7213,
    text("""
    SELECT share
      FROM (SELECT share,
                   (SELECT due_at
                      FROM contracts   -- index contracts_due
                     WHERE coalesce(payee_id, payer_id) % 16 = share
                       AND due_at <= :now
                       AND id <> ALL(:resting)
                     ORDER BY due_at
                     LIMIT 1) AS due_at
              FROM generate_series(0, 15) AS share
             WHERE share <> ALL(:passed)
             ORDER BY 2
            OFFSET 0) AS found   -- each is tried by itself, until one is free
     WHERE due_at IS NOT NULL AND pg_try_advisory_lock(:number, share)
     LIMIT 1
"""),
)

CONTRACTS: Final = Timer(
    "contract",
    DUE,
    lambda row: (release.decide_due, release.Due(row.id)),
    frozenset({Code.CONTRACT_CLOSED}),
    shares=SHARES,
)


def release_due(parts: Parts) -> Step:
    """Return a step that releases a batch of what is due, by a poster of its own."""
    loop = TimerLoop(parts.engine, parts.own_poster(), CONTRACTS)
    return lambda: loop.step(parts.clock.now(), BATCH)


def _deliver_claims(parts: Parts) -> Step:
    claims = RegisteredClaims(parts.engine, parts.poster)
    return lambda: claims.step(parts.clock.now())


JOBS: Final = (
    *(Job(f"due contracts {no}", release_due, SOON_S) for no in range(1, DUE_JOBS + 1)),
    Job("claims", _deliver_claims, SHORTLY_S),
)
