"""Destinations: where a merchant's payouts may go. Added by PIN, confirmed by a code, cooled off.

Whoever has stolen a phone has its texts, and may have seen its PIN: so the merchant is texted of
every step, and a new destination cannot be used at once. The own wallet waits for nothing: what
goes there has not left.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import ClassVar, Final
from uuid import UUID

from wallet.clock import reference
from wallet.destinations.records import (
    DefaultChanged,
    Destination,
    Destinations,
    NewPlace,
    Place,
    PlaceChanged,
    destinations_of,
)
from wallet.errors import Code, Refused
from wallet.ledger.facts import Facts, Holder, Needs
from wallet.ledger.posting import Decision, Moment, Posting, Row, Text
from wallet.merchants.records import MerchantLock
from wallet.people.agents import AgentNumber
from wallet.people.one_time import ATTEMPTS, OneTimeCode
from wallet.people.parties import check_sender
from wallet.people.pin import Pin, PinKeys, PinState, proven

CODE_DIGITS: Final = 6
CODE_LIFETIME: Final = timedelta(minutes=10)
MOST: Final = 10  # destinations of one merchant
MOST_CODES: Final = 5  # in WINDOW
WINDOW: Final = timedelta(hours=1)
_PURPOSE: Final = "payout destination"


@dataclass(frozen=True, slots=True)
class Add:
    """`actor` is the merchant; `code` is texted to them, and confirms it."""

    KIND: ClassVar[str] = "add_destination"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)
    destination: Destination
    code: OneTimeCode

    def needs(self) -> Needs:
        """The merchant, what they have already, and the agent who shall pay cash."""
        of_cash = self.destination.kind == "cash" and self.destination.account
        return _needs(self.actor, ((AgentNumber, self.destination.account),) if of_cash else ())


@dataclass(frozen=True, slots=True)
class Confirm:
    """The code proves that the merchant's phone is at hand."""

    KIND: ClassVar[str] = "confirm_destination"

    actor: int
    key: UUID
    destination_id: int
    code: OneTimeCode

    def needs(self) -> Needs:
        """The merchant and their destinations."""
        return _needs(self.actor)


@dataclass(frozen=True, slots=True)
class Remove:
    """Payouts go there no more; those under way are not touched."""

    KIND: ClassVar[str] = "remove_destination"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)
    destination_id: int

    def needs(self) -> Needs:
        """The merchant and their destinations."""
        return _needs(self.actor)


@dataclass(frozen=True, slots=True)
class MakeDefault:
    """Payouts that name no destination go there from now on, the scheduled ones too."""

    KIND: ClassVar[str] = "default_destination"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)
    destination_id: int

    def needs(self) -> Needs:
        """The merchant and their destinations."""
        return _needs(self.actor)


def decide_add(command: Add, facts: Facts) -> Decision:
    """Return the new destination, still unconfirmed, or raise the first refusal."""
    merchant = _merchant(command.actor, facts)
    where, found = command.destination, destinations_of(facts, merchant.id)
    is_named = where.kind == "cash" and where.account
    if is_named and facts.record(AgentNumber, where.account) is None:
        raise Refused(Code.NOT_AN_AGENT, field="agent")
    with proven(command.pin, merchant, facts) as pin_rows:
        standing = [each for each in found.places if _stands(each, facts)]
        if any(each.destination == where and each.state == "confirmed" for each in standing):
            raise Refused(Code.INCORRECT_STATE, state="destination_exists")
        if len(standing) >= MOST:
            raise Refused(Code.INCORRECT_STATE, state="too_many_destinations", most=MOST)
        _check_rate(found, facts)
        place = Place(
            facts.id, merchant.id, where, "unconfirmed", facts.now,
            code=command.code.made(_PURPOSE, facts.id, facts.setting(PinKeys)),
            code_expires_at=facts.now + CODE_LIFETIME,
        )  # fmt: skip
        texts = _text(merchant, "destination_code", place, code=command.code.for_text)
        return _decision(command.KIND, merchant, place, facts, texts, (NewPlace(place), *pin_rows))


def decide_confirm(command: Confirm, facts: Facts) -> Decision:
    """Return the destination confirmed by its code, or raise the first refusal."""
    merchant = _merchant(command.actor, facts)
    place = _place(command.destination_id, merchant, facts)
    if place.state != "unconfirmed":
        raise Refused(Code.INCORRECT_STATE, state=place.state)
    assert place.code is not None, place
    if not _stands(place, facts) or place.code_attempts >= ATTEMPTS:
        raise Refused(Code.DESTINATION_CODE_EXPIRED)
    if not command.code.fits(_PURPOSE, place.id, place.code, facts.setting(PinKeys)):
        guessed = replace(place, code_attempts=place.code_attempts + 1)
        left = ATTEMPTS - guessed.code_attempts
        counted = (PlaceChanged(guessed),)
        raise Refused(Code.DESTINATION_CODE_WRONG, attempts_left=left, rows=counted)

    waits = place.destination.kind != "wallet"
    cooled = facts.now + facts.market(merchant).payouts.cooling_off if waits else facts.now
    after = replace(place, state="confirmed", confirmed_at=facts.now, usable_from=cooled)
    rows: tuple[Row, ...] = (PlaceChanged(after),)
    terms = facts.record(MerchantLock, merchant.id)
    if terms is not None and terms.destination_id is None:
        rows = (*rows, DefaultChanged(merchant.id, place.id))
    told = Moment(cooled, facts.market(merchant).zone)
    texts = _text(merchant, "destination_confirmed", after, usable_from=told)
    return _decision(command.KIND, merchant, after, facts, texts, rows)


def decide_remove(command: Remove, facts: Facts) -> Decision:
    """Return the end of a destination, or raise the first refusal."""
    merchant = _merchant(command.actor, facts)
    place = _place(command.destination_id, merchant, facts)
    with proven(command.pin, merchant, facts) as pin_rows:
        after = replace(place, state="removed", removed_at=facts.now)
        rows: tuple[Row, ...] = (PlaceChanged(after), *pin_rows)
        terms = facts.record(MerchantLock, merchant.id)
        if terms is not None and terms.destination_id == place.id:
            rows = (*rows, DefaultChanged(merchant.id, None))
        texts = _text(merchant, "destination_removed", place)
        return _decision(command.KIND, merchant, after, facts, texts, rows)


def decide_make_default(command: MakeDefault, facts: Facts) -> Decision:
    """Return the new default, or raise the first refusal."""
    merchant = _merchant(command.actor, facts)
    place = _place(command.destination_id, merchant, facts)
    with proven(command.pin, merchant, facts) as pin_rows:
        if place.state != "confirmed":
            raise Refused(Code.DESTINATION_UNCONFIRMED)
        texts = _text(merchant, "destination_default", place)
        rows: tuple[Row, ...] = (DefaultChanged(merchant.id, place.id), *pin_rows)
        return _decision(command.KIND, merchant, place, facts, texts, rows)


def _needs(merchant_id: int, agents: tuple[tuple[type[AgentNumber], str], ...] = ()) -> Needs:
    own = ((PinState, merchant_id), (MerchantLock, merchant_id), (Destinations, merchant_id))
    return Needs(holders=(merchant_id,), records=(*own, *agents))


def _merchant(holder_id: int, facts: Facts) -> Holder:
    merchant = facts.holders[holder_id]
    if facts.record(MerchantLock, merchant.id) is None:
        raise Refused(Code.FORBIDDEN)
    check_sender(merchant)
    return merchant


def _place(destination_id: int, merchant: Holder, facts: Facts) -> Place:
    place = destinations_of(facts, merchant.id).place(destination_id)
    if place is None:
        raise Refused(Code.DESTINATION_UNKNOWN)
    return place


def _stands(place: Place, facts: Facts) -> bool:
    """Tell whether it is confirmed or can still be; at exactly its time a code has lapsed."""
    expires_at = place.code_expires_at
    return place.state == "confirmed" or (expires_at is not None and facts.now < expires_at)


def _check_rate(found: Destinations, facts: Facts) -> None:
    """Raise `Refused` where codes were texted too often lately."""
    recent = [
        each.added_at
        for each in (*found.places, *found.removed)
        if each.code is not None and facts.now < each.added_at + WINDOW
    ]
    if len(recent) >= MOST_CODES:
        wait = min(recent) + WINDOW - facts.now
        raise Refused(Code.RATE_LIMIT_ERROR, retry_after_s=int(wait.total_seconds()) + 1)


def _text(merchant: Holder, wording: str, place: Place, **values: str | Moment) -> tuple[Text, ...]:
    if merchant.msisdn is None:
        return ()
    said = {"destination": place.destination.shown, **values}
    return (Text(merchant.msisdn, merchant.language, wording, said),)


def _decision(
    kind: str,
    merchant: Holder,
    place: Place,
    facts: Facts,
    texts: tuple[Text, ...],
    rows: tuple[Row, ...],
) -> Decision:
    answer = {
        "reference": facts.reference,
        "kind": kind,
        "destination": reference(place.id),
        "shown": place.destination.shown,
        "state": place.state,
        "usable_from": None if place.usable_from is None else place.usable_from.isoformat(),
        "posted_at": facts.now.isoformat(),
    }
    return Decision(Posting(kind, sender_id=merchant.id), answer=answer, texts=texts, rows=rows)
