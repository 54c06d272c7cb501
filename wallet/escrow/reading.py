"""Contracts as whoever looks sees them: what time alone should have done by now is done before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Engine

from wallet.contracts.reading import Contracts, ContractView, contract_of, contracts_of
from wallet.contracts.records import Contract
from wallet.disputes.timers import silences_of
from wallet.escrow import release
from wallet.ledger.due import Due, up_to_date
from wallet.ledger.poster import Poster


def due_of(engine: Engine, contracts: Sequence[Contract], now: datetime) -> list[Due]:
    """Return what time alone should have done by `now` with contracts and their disputes."""
    ended = [
        each.id
        for each in contracts
        if each.closed_at is None and now >= each.deadline_at and each.rest.is_positive
    ]
    disputed = [each.id for each in contracts if each.disputed_minor]
    return [
        *((release.decide_due, release.Due(id_)) for id_ in ended),
        *silences_of(engine, disputed, now),
    ]


def see_contract(
    engine: Engine, poster: Poster, now: datetime, holder_id: int, contract_id: int
) -> ContractView | None:
    """Return a contract as `contract_of` does, after what was due has been done."""

    def due_in(view: ContractView | None) -> Iterable[Due]:
        return () if view is None else due_of(engine, [view.contract], now)

    return up_to_date(poster, lambda: contract_of(engine, holder_id, contract_id), due_in)


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

    return up_to_date(
        poster, see, lambda page: due_of(engine, [view.contract for view in page.items], now)
    )
