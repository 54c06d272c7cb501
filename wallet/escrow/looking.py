"""Somebody just looks: what time alone should have done by now is done before they see it.

Workers do it too, and whoever is first does it: a timer's key follows from what it belongs to, so
the ledger does it once. Looking costs nothing more where no timer has run out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import Engine

from wallet.contracts.reading import Contracts, ContractView, contract_of, contracts_of
from wallet.contracts.records import Contract
from wallet.database import read
from wallet.disputes import silence
from wallet.errors import Refused, Unavailable
from wallet.escrow import release
from wallet.ledger.poster import Command, Decide, Poster

log = logging.getLogger(__name__)

Seen = TypeVar("Seen")
Timer = tuple[Decide[Any], Command]
"""How to do what is due, and the command, whose key follows from the thing."""
ROUNDS: Final = 3
"""Doing what is due may bring other things into view; a list that long is the workers' to clear."""

DUE_DISPUTES_OF: Final = """
    SELECT contract_id, id, state
      FROM disputes
     WHERE contract_id = ANY(:contracts) AND due_at <= :now
"""


def look(
    poster: Poster, see: Callable[[], Seen], timers: Callable[[Seen], Iterable[Timer]]
) -> Seen:
    """Return what `see` returns, once all that `timers` finds due in it has been done.

    What the rules refuse (somebody was quicker) is shown as it stands.
    Raises `Unavailable` where the database cannot say.
    """
    tried: set[UUID] = set()
    seen = see()
    for _ in range(ROUNDS):
        due = [timer for timer in timers(seen) if timer[1].key not in tried]
        if not due:
            break
        tried.update(command.key for _, command in due)
        do_all(poster, due)
        seen = see()
    return seen


def do_all(poster: Poster, due: Iterable[Timer]) -> None:
    """Do what is due, in one batch where it fits one; a refusal stops nothing."""
    for pending in [poster.submit(decide, command) for decide, command in due]:
        try:
            pending.wait()
        except Unavailable:
            raise
        except Refused as refusal:
            log.info("what was due was not done: %s", refusal)
        except Exception:
            log.exception("what was due could not be done")


def contract_timers(engine: Engine, found: Iterable[Contract], now: datetime) -> Iterable[Timer]:
    """Return what time alone should have done by `now` with contracts and their disputes."""
    disputed = []
    for contract in found:
        if contract.closed_at is None and now >= contract.deadline_at and contract.rest.is_positive:
            yield release.decide_due, release.Due(contract.id)
        if contract.disputed_minor:
            disputed.append(contract.id)
    if disputed:
        for contract_id, id_, state in read(engine, DUE_DISPUTES_OF, contracts=disputed, now=now):
            yield silence.decide, silence.Command(contract_id, id_, state)


def see_contract(
    engine: Engine, poster: Poster, now: datetime, holder_id: int, contract_id: int
) -> ContractView | None:
    """Return a contract as `contract_of` does, after what was due has been done."""

    def timers(view: ContractView | None) -> Iterable[Timer]:
        return () if view is None else contract_timers(engine, [view.contract], now)

    return look(poster, lambda: contract_of(engine, holder_id, contract_id), timers)


def see_contracts(
    engine: Engine,
    poster: Poster,
    now: datetime,
    holder_id: int,
    *,
    side: str | None = None,
    only_open: bool = False,
    before: str | None = None,
    limit: int = 50,
) -> Contracts:
    """Return a holder's contracts as `contracts_of` does, after what was due has been done."""

    def see() -> Contracts:
        return contracts_of(
            engine, holder_id, side=side, only_open=only_open, before=before, limit=limit
        )

    def timers(page: Contracts) -> Iterable[Timer]:
        return contract_timers(engine, [view.contract for view in page.items], now)

    return look(poster, see, timers)
