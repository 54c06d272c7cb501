"""What is due by now: contracts at their deadline, disputes whose answering time is over. D6.

Any number of workers may do this at once, and any may be killed anywhere: the command's key
follows from what is due, so the ledger does it once. Nothing is kept about a thing that was
refused but a short rest, in memory, so that it neither stops the others nor spins.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine, Row, TextClause, text

from wallet.clock import reference
from wallet.disputes import silence
from wallet.errors import Code, Refused, Unavailable
from wallet.escrow import release
from wallet.ledger.poster import MAX_BATCH, Command, Decide, Pending, Poster

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

DUE_DISPUTES: Final = text("""
    SELECT id, contract_id, state
      FROM disputes   -- index disputes_due
     WHERE due_at <= :now AND id <> ALL(:resting)
     ORDER BY due_at
     LIMIT :limit
       FOR NO KEY UPDATE SKIP LOCKED
""")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing that becomes due. `query` names each by its id, in the first column.

    `quicker` are the refusals by which somebody else has done it, or made it no longer due.
    """

    name: str
    query: TextClause
    command: Callable[[Row[Any]], tuple[Decide[Any], Command]]
    quicker: frozenset[Code]


@dataclass(frozen=True, slots=True)
class _Rest:
    """How often a thing was refused, and when it may be tried again."""

    refusals: int
    until: datetime


class DueThings:
    """Does what is due of one kind, a batch of the poster's at a time."""

    def __init__(self, engine: Engine, poster: Poster, kind: Kind) -> None:
        self._engine = engine
        self._poster = poster
        self._kind = kind
        self._rests: dict[int, _Rest] = {}

    def release(self, now: datetime, limit: int = MAX_BATCH) -> int:
        """Let up to `limit` things go; return how many were tried, 0 when none is due.

        Raises `Unavailable` where the database cannot say.
        """
        pending = {
            row.id: self._poster.submit(*self._kind.command(row)) for row in self._due(now, limit)
        }
        for id_, one in pending.items():
            self._settle(id_, one, now)
        return len(pending)

    def _due(self, now: datetime, limit: int) -> list[Row[Any]]:
        resting = [id_ for id_, rest in self._rests.items() if rest.until > now]
        with self._engine.begin() as connection:
            asked = {"now": now, "limit": limit, "resting": resting}
            return list(connection.execute(self._kind.query, asked))

    def _settle(self, id_: int, pending: Pending, now: datetime) -> None:
        try:
            pending.wait()
        except Unavailable:
            raise
        except Refused as refusal:
            if refusal.code not in self._kind.quicker:
                self._rest(id_, now, str(refusal))
                return
        except Exception as error:  # noqa: BLE001 -- one broken thing must not stop the others
            self._rest(id_, now, type(error).__name__)
            return
        self._rests.pop(id_, None)

    def _rest(self, id_: int, now: datetime, reason: str) -> None:
        before = self._rests.get(id_)
        refusals = before.refusals + 1 if before else 1
        pause = min(FIRST_REST * (1 << min(refusals - 1, 16)), LONGEST_REST)
        self._rests[id_] = _Rest(refusals, now + pause)
        log.warning("%s %s is due but was refused: %s", self._kind.name, reference(id_), reason)


class DueContracts(DueThings):
    """Lets contracts go at their deadline, to whom the rest belongs then."""

    def __init__(self, engine: Engine, poster: Poster) -> None:
        super().__init__(engine, poster, CONTRACTS)


class DueDisputes(DueThings):
    """Does to disputes what silence leads to."""

    def __init__(self, engine: Engine, poster: Poster) -> None:
        super().__init__(engine, poster, DISPUTES)


CONTRACTS: Final = Kind(
    "contract",
    DUE,
    lambda row: (release.decide_due, release.Due(row.id)),
    frozenset({Code.CONTRACT_CLOSED}),
)
DISPUTES: Final = Kind(
    "dispute",
    DUE_DISPUTES,
    lambda row: (silence.decide, silence.Command(row.contract_id, row.id, row.state)),
    frozenset({Code.DISPUTE_CLOSED, Code.DISPUTE_NOT_DUE, Code.NOT_YOUR_TURN}),
)
