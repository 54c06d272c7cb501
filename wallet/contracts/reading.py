"""Contracts as those they concern may read them: to a stranger they do not exist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Engine

from wallet.clock import reference
from wallet.contracts.records import Contract
from wallet.database import read
from wallet.ledger.entries import LONGEST_PAGE, cursor_id

# The payee of a payment goes by the name on the shop; of an offer, by their own.
_CONTRACT: Final = f"""{Contract.COLUMNS}, payer.name, coalesce(m.name, payee.name)"""
_NAMES: Final = """
      JOIN holders payer ON payer.id = c.payer_id
      LEFT JOIN holders payee ON payee.id = c.payee_id
      LEFT JOIN merchants m
        ON m.holder_id = c.payee_id AND (c.till IS NOT NULL OR c.origin = 'plan')"""

READ_CONTRACT: Final = f"""
    SELECT {_CONTRACT}
      FROM contracts c {_NAMES}
     WHERE c.id = :contract AND :holder IN (c.payer_id, c.payee_id)
"""

# Each side by its own index, then both together: an OR would read all of a busy merchant's.
READ_CONTRACTS: Final = f"""
    WITH mine AS (
        (SELECT * FROM contracts
          WHERE payer_id = :holder AND :payer AND id < :before AND (NOT :open OR closed_at IS NULL)
          ORDER BY id DESC LIMIT :limit)
        UNION ALL
        (SELECT * FROM contracts
          WHERE payee_id = :holder AND :payee AND id < :before AND (NOT :open OR closed_at IS NULL)
          ORDER BY id DESC LIMIT :limit)
    )
    SELECT {_CONTRACT}
      FROM mine c {_NAMES}
     ORDER BY c.id DESC
     LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class ContractView:
    """A contract with its parties' names; the payee goes by the name on the shop."""

    contract: Contract
    payer_name: str
    payee_name: str | None  # nobody's yet, while a claim waits for its payee to register


@dataclass(frozen=True, slots=True)
class Contracts:
    """A page, newest first; `next_cursor` asks for the older ones, None at the end."""

    items: tuple[ContractView, ...]
    next_cursor: str | None


def contract_of(engine: Engine, holder_id: int, contract_id: int) -> ContractView | None:
    """Return a contract to its payer or its payee, to nobody else."""
    rows = read(engine, READ_CONTRACT, contract=contract_id, holder=holder_id)
    return _contract(rows[0]) if rows else None


def contracts_of(
    engine: Engine,
    holder_id: int,
    *,
    side: str | None = None,
    only_open: bool = False,
    before: str | None = None,
    limit: int = 50,
) -> Contracts:
    """Return a holder's contracts, as `payer`, as `payee` or, without a side, both."""
    assert 0 < limit <= LONGEST_PAGE, limit
    assert side in {None, "payer", "payee"}, side
    rows = read(
        engine,
        READ_CONTRACTS,
        holder=holder_id,
        payer=side != "payee",
        payee=side != "payer",
        open=only_open,
        before=cursor_id(before),
        limit=limit + 1,
    )
    items = tuple(_contract(row) for row in rows[:limit])
    return Contracts(items, reference(items[-1].contract.id) if len(rows) > limit else None)


def _contract(row: tuple[Any, ...]) -> ContractView:
    return ContractView(Contract(*row[:-2]), row[-2], row[-1])
