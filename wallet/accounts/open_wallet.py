"""Open wallet: a holder opens a wallet in another currency that their market allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wallet.clock import reference
from wallet.errors import Code, Refused
from wallet.ledger.accounts import Kind
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.opening import check_currencies, new_accounts
from wallet.ledger.posting import Decision, Posting
from wallet.people.parties import check_sender
from wallet.people.pin import PinState


@dataclass(frozen=True, slots=True)
class Command:
    """A holder opens a wallet in another currency that the market allows."""

    KIND: ClassVar[str] = "open_wallet"

    actor: int
    key: UUID
    currency: str

    def needs(self) -> Needs:
        """The holder."""
        return Needs(holders=(self.actor,), records=((PinState, self.actor),))


def decide(command: Command, facts: Facts) -> Decision:
    """Return the new wallet, or raise the first refusal in `Code` order."""
    holder = facts.holders[command.actor]
    check_currencies((command.currency,), facts.market(holder).currencies)
    check_sender(holder)
    if facts.account(holder.id, Kind.WALLET, command.currency) is not None:
        raise Refused(Code.INCORRECT_STATE, state="wallet_exists")
    return Decision(
        Posting(command.KIND, receiver_id=holder.id),
        answer={
            "reference": facts.reference,
            "kind": command.KIND,
            "holder_id": reference(holder.id),
            "currency": command.currency,
            "posted_at": facts.now.isoformat(),
        },
        rows=new_accounts(facts, holder.id, Kind.WALLET, (command.currency,)),
    )
