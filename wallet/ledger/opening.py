"""Accounts that a command opens: in currencies that are allowed, and none that is there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wallet.errors import Code, Refused
from wallet.ledger.accounts import Account, Kind
from wallet.ledger.posting import NewAccount

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts


def check_currencies(wanted: tuple[str, ...], allowed: tuple[str, ...]) -> None:
    """Raise `Refused` where accounts may not be in a currency."""
    for currency in wanted:
        if currency not in allowed:
            raise Refused(Code.CURRENCY_NOT_SUPPORTED, currency=currency, one_of=list(allowed))


def new_accounts(
    facts: Facts, holder_id: int, kind: Kind, currencies: tuple[str, ...]
) -> tuple[NewAccount, ...]:
    """Return the accounts to be opened: those of the kind that the holder does not have yet."""
    return tuple(
        NewAccount(Account(facts.new_id(), holder_id, kind, currency), facts.now)
        for currency in dict.fromkeys(currencies)  # each once
        if facts.account(holder_id, kind, currency) is None
    )
