"""Rules about who takes part, the same in every flow."""

from __future__ import annotations

from wallet.errors import Code, Refused
from wallet.ledger.accounts import Account, Kind
from wallet.ledger.facts import Facts, Holder
from wallet.money import Money
from wallet.numbers import local_number

_SENDER = {"closed": Code.SENDER_CLOSED, "frozen": Code.SENDER_FROZEN}
_RECEIVER = {"closed": Code.RECEIVER_CLOSED, "frozen": Code.RECEIVER_FROZEN}


def check_sender(sender: Holder) -> None:
    """Raise `Refused` where the one who acts is closed or frozen."""
    if sender.status in _SENDER:
        raise Refused(_SENDER[sender.status])


def check_active(sender: Holder, receiver: Holder) -> None:
    """Raise `Refused` where either party is closed or frozen."""
    check_sender(sender)
    check_receiver(receiver)


def check_receiver(receiver: Holder) -> None:
    """Raise `Refused` where the one who is to receive is closed or frozen."""
    if receiver.status in _RECEIVER:
        raise Refused(_RECEIVER[receiver.status])


def wallet_of(facts: Facts, holder: Holder, currency: str) -> Account:
    """Return a holder's wallet. Raises `Refused` where there is none in this currency."""
    wallet = facts.account(holder.id, Kind.WALLET, currency)
    if wallet is None:
        raise Refused(Code.NO_WALLET_IN_CURRENCY, currency=currency)
    return wallet


def check_funds(account: Account, needed: Money) -> None:
    """Raise `Refused` where the account would stand below zero. The database forbids it too."""
    assert needed.is_positive, needed
    if needed > account.balance:
        raise Refused(Code.INSUFFICIENT_FUNDS, needed=needed.text)


def phone_of(holder: Holder) -> str:
    """Return a holder's number as a text shows it; a business without one has none."""
    return local_number(holder.msisdn) if holder.msisdn else ""


def party(holder: Holder) -> dict[str, str | None]:
    """Return a holder as a receipt shows them."""
    return {"name": holder.name, "msisdn": holder.msisdn}
