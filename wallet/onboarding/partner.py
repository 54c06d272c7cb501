"""An institution joins: a partner, who tops wallets up, or a maker, who quotes prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final
from uuid import UUID

from wallet.ledger.accounts import Kind
from wallet.ledger.facts import NOTHING, Facts, Holder, Needs
from wallet.ledger.opening import check_currencies, new_accounts
from wallet.ledger.posting import Decision
from wallet.money import CURRENCIES
from wallet.onboarding.joining import joined
from wallet.onboarding.records import ClientSecret, NewPartner
from wallet.people.holders import NewHolder
from wallet.people.pin import PinKeys

ACCOUNT_OF_ROLE: Final = {"partner": Kind.PREFUND, "maker": Kind.MAKER}


@dataclass(frozen=True, slots=True)
class Command:
    """An institution joins, as a holder without a phone."""

    KIND: ClassVar[str] = "onboard_partner"

    actor: int
    key: UUID
    name: str
    role: str
    market: str
    currencies: tuple[str, ...]
    secret: ClientSecret

    def needs(self) -> Needs:
        """Nothing: the holder comes into being here."""
        return NOTHING


def decide(command: Command, facts: Facts) -> Decision:
    """Return the new partner or maker, or raise the first refusal in `Code` order."""
    market = facts.markets[command.market]
    check_currencies(command.currencies, tuple(CURRENCIES))
    holder = Holder(facts.id, None, command.name, market.languages[0], market.code, 0, "active")
    client_id = facts.reference.lower()
    mac = command.secret.mac(client_id, facts.setting(PinKeys))
    kind = ACCOUNT_OF_ROLE[command.role]
    return joined(
        facts,
        command.KIND,
        holder,
        {
            "name": command.name,
            "role": command.role,
            "client_id": client_id,
            "currencies": list(command.currencies),
        },
        (
            NewHolder(holder, facts.now, None),
            NewPartner(holder.id, client_id, mac, command.role),
            *new_accounts(facts, holder.id, kind, command.currencies),
        ),
    )
