"""What time does to contracts: at their deadline the rest goes to whom it belongs then."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from wallet.errors import Code
from wallet.escrow import release
from wallet.escrow.registered_claims import RegisteredClaims
from wallet.jobs import SHORTLY_S, SOON_S, Job, Parts, Step, timer_job
from wallet.ledger.due import Timer

DUE: Final = text("""
    SELECT id
      FROM contracts   -- index contracts_due
     WHERE released_minor + returned_minor + disputed_minor < amount_minor
       AND deadline_at <= :now
       AND id <> ALL(:resting)
     ORDER BY deadline_at
     LIMIT :limit
       FOR NO KEY UPDATE SKIP LOCKED
""")

CONTRACTS: Final = Timer(
    "contract",
    DUE,
    lambda row: (release.decide_due, release.Due(row.id)),
    frozenset({Code.CONTRACT_CLOSED}),
)


def _deliver_claims(parts: Parts) -> Step:
    claims = RegisteredClaims(parts.engine, parts.poster)
    return lambda: claims.step(parts.clock.now())


JOBS: Final = (
    timer_job("due contracts", CONTRACTS, SOON_S),
    Job("claims", _deliver_claims, SHORTLY_S),
)
