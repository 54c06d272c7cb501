"""Offers, claims and what is done with them, in one line each; amounts are minor units of KES."""

from uuid import UUID, uuid4

from tests.tables import Person
from tests.town import PIN, Town
from wallet.escrow import claim, decline, extend, offer
from wallet.ledger.poster import Receipt
from wallet.money import Money
from wallet.onboarding import register
from wallet.people.pin import Pin

NUMBER = "+254722000001"
"""Nobody has registered it."""


def offered(town: Town, payer: Person, payee: Person, minor: int, days: int = 7) -> int:
    """Offer money; return the contract's id."""
    command = offer.Command(
        payer.id, uuid4(), Pin(PIN), payee.msisdn, Money("KES", minor), days, "A goat"
    )
    return town.id_in(town.service.poster.post(offer.decide, command))


def claimable(town: Town, payer: Person, minor: int, msisdn: str = NUMBER) -> int:
    """Send money to a number that nobody has registered; return the contract's id."""
    command = claim.Command(payer.id, uuid4(), Pin(PIN), msisdn, Money("KES", minor))
    return town.id_in(town.service.poster.post(claim.decide, command))


def declined(town: Town, payee: Person, contract_id: int, key: UUID | None = None) -> Receipt:
    command = decline.Command(payee.id, key or uuid4(), Pin(PIN), contract_id)
    return town.service.poster.post(decline.decide, command)


def extended(town: Town, payee: Person, contract_id: int, days: int) -> Receipt:
    command = extend.Command(payee.id, uuid4(), Pin(PIN), contract_id, days=days)
    return town.service.poster.post(extend.decide, command)


def registered(town: Town, msisdn: str = NUMBER, *, tier: int = 0) -> Person:
    """Register a number, and no more: nothing looks for what waits for it."""
    command = register.Command(0, uuid4(), Pin(PIN), msisdn, "New Comer", "en", "KE", None, tier)
    return Person(
        town.id_in(town.service.poster.post(register.decide, command)), msisdn, "New Comer"
    )
