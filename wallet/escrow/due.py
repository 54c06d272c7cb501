"""Contracts whose deadline has come: what is still held goes to the payee. DESIGN, D6.

Any number of workers may do this at once, and any may be killed anywhere: the release's key
follows from the contract, so the ledger does it once. Nothing is kept about a contract that was
refused but a short rest, in memory, so that it neither stops the others nor spins.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, text

from wallet.clock import reference
from wallet.errors import Code, Refused, Unavailable
from wallet.flows import release
from wallet.ledger.poster import MAX_BATCH, Pending, Poster

log = logging.getLogger(__name__)

FIRST_REST: Final = timedelta(seconds=1)
LONGEST_REST: Final = timedelta(minutes=10)

# Locked for this statement alone: what another worker, or a party, is moving just now is passed
# over, so that workers share the work and do not queue behind each other.
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


@dataclass(frozen=True, slots=True)
class _Rest:
    """How often a contract was refused, and when it may be tried again."""

    refusals: int
    until: datetime


class DueContracts:
    """Releases due contracts, a batch of the poster's at a time."""

    def __init__(self, engine: Engine, poster: Poster) -> None:
        self._engine = engine
        self._poster = poster
        self._rests: dict[int, _Rest] = {}

    def release(self, now: datetime, limit: int = MAX_BATCH) -> int:
        """Release up to `limit` contracts; return how many were tried, 0 when none is due.

        Raises `Unavailable` where the database cannot say.
        """
        pending = {
            id_: self._poster.submit(release.decide_due, release.Due(id_))
            for id_ in self._due(now, limit)
        }
        for id_, one in pending.items():
            self._settle(id_, one, now)
        return len(pending)

    def _due(self, now: datetime, limit: int) -> list[int]:
        resting = [id_ for id_, rest in self._rests.items() if rest.until > now]
        with self._engine.begin() as connection:
            asked = {"now": now, "limit": limit, "resting": resting}
            return [row.id for row in connection.execute(DUE, asked)]

    def _settle(self, id_: int, pending: Pending, now: datetime) -> None:
        try:
            pending.wait()
        except Unavailable:
            raise
        except Refused as refusal:
            if refusal.code != Code.CONTRACT_CLOSED:  # else somebody was quicker
                self._rest(id_, now, str(refusal))
                return
        except Exception as error:  # noqa: BLE001 -- one broken contract must not stop the others
            self._rest(id_, now, type(error).__name__)
            return
        self._rests.pop(id_, None)

    def _rest(self, id_: int, now: datetime, reason: str) -> None:
        before = self._rests.get(id_)
        refusals = before.refusals + 1 if before else 1
        pause = min(FIRST_REST * (1 << min(refusals - 1, 16)), LONGEST_REST)
        self._rests[id_] = _Rest(refusals, now + pause)
        log.warning("contract %s is due but was not released: %s", reference(id_), reason)
