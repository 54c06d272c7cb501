"""A holder becomes a merchant: terms, tills, settlement accounts, perhaps a bank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wallet.destinations.records import DefaultChanged, Destination, NewPlace, Place
from wallet.errors import Code, Refused
from wallet.ledger.accounts import Kind
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.opening import check_currencies, new_accounts
from wallet.ledger.posting import Decision, Row
from wallet.merchants.records import TILL_DIGITS, MerchantLock, NewMerchant, NewTill, Till
from wallet.onboarding.joining import active_holder, free_number, joined
from wallet.people.agents import candidates
from wallet.people.pin import PinState


@dataclass(frozen=True, slots=True)
class Command:
    """A holder gets settlement accounts and tills: (label, number), which is chosen for None."""

    KIND: ClassVar[str] = "onboard_merchant"

    actor: int
    key: UUID
    holder_id: int
    name: str
    city: str
    category: str
    escrow_period_s: int
    currencies: tuple[str, ...]
    tills: tuple[tuple[str, str | None], ...]
    bank: Destination | None = None

    def needs(self) -> Needs:
        """The holder, and who already has the till numbers wanted or to be given."""
        tills = tuple((Till, number) for number in self.numbers)
        own = ((PinState, self.holder_id), (MerchantLock, self.holder_id))
        return Needs(holders=(self.holder_id,), records=(*own, *tills))

    @property
    def numbers(self) -> tuple[str, ...]:
        """The till numbers wanted or to be given."""
        wanted = tuple(number for _, number in self.tills if number is not None)
        return (*wanted, *candidates(self.key, TILL_DIGITS))


def decide(command: Command, facts: Facts) -> Decision:
    """Return the new merchant, or raise the first refusal in `Code` order."""
    holder = active_holder(command.holder_id, facts)
    currencies = command.currencies or (facts.market(holder).currency,)
    check_currencies(currencies, facts.market(holder).currencies)
    if facts.record(MerchantLock, holder.id) is not None:
        raise Refused(Code.ALREADY_REGISTERED)
    tills = _tills(command, facts)
    merchant = NewMerchant(
        holder.id, command.name, command.city, command.category, command.escrow_period_s
    )
    return joined(
        facts,
        command.KIND,
        holder,
        {
            "name": command.name,
            "escrow_period_s": command.escrow_period_s,
            "currencies": list(currencies),
            "tills": [{"number": each.till.number, "label": each.label} for each in tills],
        },
        (
            merchant,
            *tills,
            *new_accounts(facts, holder.id, Kind.SETTLEMENT, currencies),
            *_bank(facts, holder.id, command.bank),
        ),
    )


def _tills(command: Command, facts: Facts) -> tuple[NewTill, ...]:
    tills: list[NewTill] = []
    taken = {number for number in command.numbers if facts.record(Till, number)}
    for label, wanted in command.tills:
        if wanted is not None and wanted in taken:
            raise Refused(Code.INCORRECT_STATE, state="till_taken", till=wanted)
        number = wanted or free_number(candidates(command.key, TILL_DIGITS), taken)
        till = Till(
            number, command.holder_id, command.name, command.city, command.category,
            command.escrow_period_s,
        )  # fmt: skip
        taken.add(number)
        tills.append(NewTill(till, label))
    return tuple(tills)


def _bank(facts: Facts, merchant_id: int, bank: Destination | None) -> tuple[Row, ...]:
    """Return the first destination: the operator has seen its papers, so it waits for nothing."""
    if bank is None:
        return ()
    place = Place(
        facts.new_id(), merchant_id, bank, "confirmed",
        added_at=facts.now, usable_from=facts.now, confirmed_at=facts.now,
    )  # fmt: skip
    return (NewPlace(place), DefaultChanged(merchant_id, place.id))
