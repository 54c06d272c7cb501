"""Onboard: holders become agents, merchants, operators; partners and makers join; wallets open.

No money moves, but accounts do come into being, so it goes through the poster: atomic, once for a
key, and each leaves a posting without entries as its audit trail. `actor` is an operator (or the
worker's 0 for the first of them); a wallet is opened by its holder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final
from uuid import UUID

from wallet.clock import reference
from wallet.destinations.records import DefaultChanged, Destination, NewPlace, Place
from wallet.errors import Code, Refused
from wallet.ledger.accounts import Account, Kind
from wallet.ledger.facts import NOTHING, Facts, Holder, Needs
from wallet.ledger.posting import Decision, NewAccount, Posting, Row
from wallet.merchants.records import TILL_DIGITS, MerchantLock, NewMerchant, NewTill, Till
from wallet.money import CURRENCIES
from wallet.onboarding.records import ClientSecret, NewOperator, NewPartner
from wallet.people.agents import AGENT_DIGITS, AgentNumber, AgentRecord, NewAgent, candidates
from wallet.people.holders import NewHolder
from wallet.people.pin import PinKeys, PinState

ACCOUNT_OF_ROLE: Final = {"partner": Kind.PREFUND, "maker": Kind.MAKER}


@dataclass(frozen=True, slots=True)
class Agent:
    """A holder gets an agent number and a float."""

    KIND: ClassVar[str] = "onboard_agent"

    actor: int
    key: UUID
    holder_id: int
    name: str

    def needs(self) -> Needs:
        """The holder, and who already has the numbers that may be given."""
        numbers = tuple((AgentNumber, each) for each in candidates(self.key, AGENT_DIGITS))
        own = ((PinState, self.holder_id), (AgentRecord, self.holder_id))
        return Needs(holders=(self.holder_id,), records=(*own, *numbers))


@dataclass(frozen=True, slots=True)
class Merchant:
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


@dataclass(frozen=True, slots=True)
class Partner:
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


@dataclass(frozen=True, slots=True)
class Operator:
    """A holder becomes one of the operator's staff."""

    KIND: ClassVar[str] = "onboard_operator"

    actor: int
    key: UUID
    holder_id: int

    def needs(self) -> Needs:
        """The holder."""
        return Needs(holders=(self.holder_id,), records=((PinState, self.holder_id),))


@dataclass(frozen=True, slots=True)
class Wallet:
    """A holder opens a wallet in another currency that the market allows."""

    KIND: ClassVar[str] = "open_wallet"

    actor: int
    key: UUID
    currency: str

    def needs(self) -> Needs:
        """The holder."""
        return Needs(holders=(self.actor,), records=((PinState, self.actor),))


def decide_agent(command: Agent, facts: Facts) -> Decision:
    """Return the new agent, or raise the first refusal in `Code` order."""
    holder = _active(command.holder_id, facts)
    if facts.record(AgentRecord, holder.id) is not None:
        raise Refused(Code.ALREADY_REGISTERED)
    numbers = candidates(command.key, AGENT_DIGITS)
    number = _free(numbers, {each for each in numbers if facts.record(AgentNumber, each)})
    currency = facts.market(holder).currency
    return _decision(
        facts,
        command.KIND,
        holder,
        {"agent": number, "name": command.name, "currency": currency},
        (
            NewAgent(holder.id, number, command.name),
            *_accounts(facts, holder.id, Kind.FLOAT, (currency,)),
        ),
    )


def decide_merchant(command: Merchant, facts: Facts) -> Decision:
    """Return the new merchant, or raise the first refusal in `Code` order."""
    holder = _active(command.holder_id, facts)
    currencies = command.currencies or (facts.market(holder).currency,)
    _check_currencies(currencies, facts.market(holder).currencies)
    if facts.record(MerchantLock, holder.id) is not None:
        raise Refused(Code.ALREADY_REGISTERED)
    tills = _tills(command, facts)
    merchant = NewMerchant(
        holder.id, command.name, command.city, command.category, command.escrow_period_s
    )
    return _decision(
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
            *_accounts(facts, holder.id, Kind.SETTLEMENT, currencies),
            *_bank(facts, holder.id, command.bank),
        ),
    )


def _bank(facts: Facts, merchant_id: int, bank: Destination | None) -> tuple[Row, ...]:
    """Return the first destination: the operator has seen its papers, so it waits for nothing."""
    if bank is None:
        return ()
    place = Place(
        facts.new_id(), merchant_id, bank, "confirmed",
        added_at=facts.now, usable_from=facts.now, confirmed_at=facts.now,
    )  # fmt: skip
    return (NewPlace(place), DefaultChanged(merchant_id, place.id))


def decide_partner(command: Partner, facts: Facts) -> Decision:
    """Return the new partner or maker, or raise the first refusal in `Code` order."""
    market = facts.markets[command.market]
    _check_currencies(command.currencies, tuple(CURRENCIES))
    holder = Holder(facts.id, None, command.name, market.languages[0], market.code, 0, "active")
    client_id = facts.reference.lower()
    mac = command.secret.mac(client_id, facts.setting(PinKeys))
    kind = ACCOUNT_OF_ROLE[command.role]
    return _decision(
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
            *_accounts(facts, holder.id, kind, command.currencies),
        ),
    )


def decide_operator(command: Operator, facts: Facts) -> Decision:
    """Return the new operator, or raise the first refusal in `Code` order."""
    holder = _active(command.holder_id, facts)
    return _decision(facts, command.KIND, holder, {"name": holder.name}, (NewOperator(holder.id),))


def decide_wallet(command: Wallet, facts: Facts) -> Decision:
    """Return the new wallet, or raise the first refusal in `Code` order."""
    holder = facts.holders[command.actor]
    _check_currencies((command.currency,), facts.market(holder).currencies)
    if holder.status != "active":
        raise Refused(Code.SENDER_CLOSED if holder.status == "closed" else Code.SENDER_FROZEN)
    if facts.account(holder.id, Kind.WALLET, command.currency) is not None:
        raise Refused(Code.INCORRECT_STATE, state="wallet_exists")
    rows = _accounts(facts, holder.id, Kind.WALLET, (command.currency,))
    return _decision(facts, command.KIND, holder, {"currency": command.currency}, rows)


def _active(holder_id: int, facts: Facts) -> Holder:
    holder = facts.holder(holder_id)
    if holder is None:
        raise Refused(Code.RECEIVER_UNKNOWN)
    if holder.status != "active":
        raise Refused(Code.RECEIVER_CLOSED if holder.status == "closed" else Code.RECEIVER_FROZEN)
    return holder


def _check_currencies(wanted: tuple[str, ...], allowed: tuple[str, ...]) -> None:
    for currency in wanted:
        if currency not in allowed:
            raise Refused(Code.CURRENCY_NOT_SUPPORTED, currency=currency, one_of=list(allowed))


def _free(numbers: tuple[str, ...], taken: set[str]) -> str:
    """Return the first number that nobody has.

    Two processes may give out the same one at once: the database refuses the second, and the
    poster decides it again, seeing the first.
    """
    for number in numbers:
        if number not in taken:
            return number
    raise Refused(Code.INCORRECT_STATE, state="numbers_taken")


def _tills(command: Merchant, facts: Facts) -> tuple[NewTill, ...]:
    tills: list[NewTill] = []
    taken = {number for number in command.numbers if facts.record(Till, number)}
    for label, wanted in command.tills:
        if wanted is not None and wanted in taken:
            raise Refused(Code.INCORRECT_STATE, state="till_taken", till=wanted)
        number = wanted or _free(candidates(command.key, TILL_DIGITS), taken)
        till = Till(
            number, command.holder_id, command.name, command.city, command.category,
            command.escrow_period_s,
        )  # fmt: skip
        taken.add(number)
        tills.append(NewTill(till, label))
    return tuple(tills)


def _accounts(
    facts: Facts, holder_id: int, kind: Kind, currencies: tuple[str, ...]
) -> tuple[Row, ...]:
    """Return the accounts to be opened: those of the kind that the holder does not have yet."""
    return tuple(
        NewAccount(Account(facts.new_id(), holder_id, kind, currency), facts.now)
        for currency in dict.fromkeys(currencies)  # each once
        if facts.account(holder_id, kind, currency) is None
    )


def _decision(
    facts: Facts, kind: str, holder: Holder, told: dict[str, Any], rows: tuple[Row, ...]
) -> Decision:
    answer = {"reference": facts.reference, "kind": kind, "holder_id": reference(holder.id)}
    posted = {"posted_at": facts.now.isoformat()}
    return Decision(Posting(kind, receiver_id=holder.id), answer=answer | told | posted, rows=rows)
