"""A contract between a payer and a payee, and the facts around it, without a database."""

from datetime import timedelta
from typing import Any

from tests.facts import NOW, a_holder, an_account, some_facts
from wallet.contracts.records import Contract
from wallet.disputes.records import Disputed
from wallet.ledger.facts import Facts

PAYER, PAYEE, STRANGER, OWN = 1, 2, 3, 77
PAYER_ACCOUNT, PAYEE_ACCOUNT = 11, 12
DEADLINE = NOW + timedelta(days=1)


def a_contract(
    *, amount: int = 10_000, released: int = 0, returned: int = 0, disputed: int = 0
) -> Contract:
    is_empty = released + returned == amount
    return Contract(
        OWN, "payment", PAYER, PAYEE, None, PAYER_ACCOUNT, PAYEE_ACCOUNT, "50001", None, "KES",
        amount, released, returned, disputed, "release", None, None, None,
        NOW, DEADLINE, NOW if is_empty else None,
    )  # fmt: skip


def contract_facts(
    *,
    contract: dict[str, Any] | None = {},  # noqa: B006 -- never changed
    payer: dict[str, Any] | None = None,
    payee: dict[str, Any] | None = None,
    settled: int = 0,
    now: Any = NOW,
) -> Facts:
    """The contract, its parties and a stranger; `contract` None: there is none."""
    holders = [a_holder(PAYER, **payer or {}), a_holder(PAYEE, **payee or {}), a_holder(STRANGER)]
    accounts = [an_account(PAYER_ACCOUNT, PAYER, 1_000)]
    accounts.append(an_account(PAYEE_ACCOUNT, PAYEE, settled, "settlement"))
    records: list[Any] = []
    if contract is not None:
        records += [a_contract(**contract), Disputed(OWN, 0)]
        accounts.append(an_account(OWN, None, records[0].held.minor, "escrow"))
    return some_facts(holders, accounts, records=records, now=now)
