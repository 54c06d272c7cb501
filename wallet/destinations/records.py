"""Where a merchant's payouts may go, as rows.

Whoever changes a merchant's destinations, or pays out to one, holds the lock of `MerchantLock`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from wallet.errors import Code, Refused
from wallet.ledger.rows import ReadRow, WrittenRow, updated
from wallet.merchants.records import MerchantLock
from wallet.people.one_time import CodeMac

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts


KINDS: Final = ("bank", "mobile", "cash", "wallet")
_BANK: Final = re.compile(r"[0-9A-Z]{1,11}", re.ASCII)
_BANK_ACCOUNT: Final = re.compile(r"[0-9A-Z]{4,34}", re.ASCII)  # an IBAN is at most 34


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a payout goes: a bank account, a phone on another network, cash, or the own wallet.

    `account` is the bank account, the phone's MSISDN, or the number of the one agent who may pay
    the cash, empty for any; of the own wallet everything is empty.
    """

    bank_code: str = ""
    account: str = ""
    name: str = ""
    kind: str = "bank"

    @property
    def shown(self) -> str:
        """`bank 01 4567`: enough to recognise, not enough to misuse."""
        match self.kind:
            case "bank":
                return f"bank {self.bank_code} {self.account[-4:]}"
            case "mobile":
                return f"mobile {self.account[-4:]}"
            case "cash":
                return f"cash, agent {self.account}" if self.account else "cash"
            case _:
                return "wallet"


def check_bank(bank: Destination) -> Destination:
    """Return where payouts shall go, or refuse what no bank account looks like."""
    if not _BANK.fullmatch(bank.bank_code):
        raise Refused(Code.FORMAT_ERROR, field="bank.code")
    if not _BANK_ACCOUNT.fullmatch(bank.account):
        raise Refused(Code.FORMAT_ERROR, field="bank.account")
    return bank


@dataclass(frozen=True, slots=True)
class Place:
    """One destination: added, then confirmed by a code, then usable after a while."""

    id: int
    merchant_id: int
    destination: Destination
    state: str
    added_at: datetime
    usable_from: datetime | None = None
    confirmed_at: datetime | None = None
    code: CodeMac | None = None
    code_attempts: int = 0
    code_expires_at: datetime | None = None
    removed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Destinations(ReadRow):
    """All that a merchant has not removed; `id` is the merchant's.

    `removed` are the latest of the others: a code that was texted counts, whatever came after.
    """

    id: int
    places: tuple[Place, ...]
    removed: tuple[Place, ...] = ()

    # Nothing is locked: `MerchantLock`, which ranks before, is.
    LOCK: ClassVar[str] = """
        SELECT merchant_id, array_agg(id ORDER BY id), array_agg(kind ORDER BY id),
               array_agg(bank_code ORDER BY id), array_agg(account ORDER BY id),
               array_agg(account_name ORDER BY id), array_agg(state ORDER BY id),
               array_agg(added_at ORDER BY id), array_agg(usable_from ORDER BY id),
               array_agg(confirmed_at ORDER BY id), array_agg(code_kid ORDER BY id),
               array_agg(code_mac ORDER BY id), array_agg(code_attempts ORDER BY id),
               array_agg(code_expires_at ORDER BY id)
          FROM destinations d
         WHERE merchant_id = ANY(%(ids)s::bigint[])
           AND (state <> 'removed'
                OR id = ANY(ARRAY(SELECT r.id FROM destinations r
                                   WHERE r.merchant_id = d.merchant_id AND r.state = 'removed'
                                   ORDER BY r.id DESC LIMIT 5)))
         GROUP BY merchant_id
         ORDER BY merchant_id
    """
    RANK: ClassVar[int] = 220

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return the destinations of one row of LOCK."""
        places = [_place(row[0], each) for each in zip(*row[1:], strict=True)]
        return cls(
            row[0],
            tuple(place for place in places if place.state != "removed"),
            tuple(place for place in places if place.state == "removed"),
        )

    def place(self, place_id: int | None) -> Place | None:
        """Return one of them."""
        return next((place for place in self.places if place.id == place_id), None)

    def with_place(self, changed: Place) -> Self:
        """Return them with one added, changed or removed."""
        others = tuple(place for place in self.places if place.id != changed.id)
        if changed.state == "removed":
            return replace(self, places=others, removed=(*self.removed, changed))
        return replace(self, places=(*others, changed))


def _place(merchant_id: int, columns: tuple[Any, ...]) -> Place:
    id_, kind, bank_code, account, name, state, added_at, usable_from, confirmed_at = columns[:9]
    kid, mac, attempts, expires_at = columns[9:]
    return Place(
        id_, merchant_id, Destination(bank_code, account, name, kind), state, added_at,
        usable_from, confirmed_at, None if kid is None else CodeMac(kid, mac), attempts, expires_at,
    )  # fmt: skip


def destinations_of(facts: Facts, merchant_id: int) -> Destinations:
    """Return a merchant's destinations, which the command must need; perhaps none."""
    return facts.record(Destinations, merchant_id) or Destinations(merchant_id, ())


@dataclass(frozen=True, slots=True)
class NewPlace:
    """A destination is added; one of onboarding's is confirmed already."""

    WRITE: ClassVar[str] = """
        INSERT INTO destinations (id, merchant_id, kind, bank_code, account, account_name, state,
                                  added_at, usable_from, confirmed_at, code_kid, code_mac,
                                  code_expires_at)
        SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[],
                             %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[],
                             %s::timestamptz[], %s::text[], %s::bytea[], %s::timestamptz[])
    """
    RANK: ClassVar[int] = 2

    place: Place

    @property
    def identity(self) -> int:
        return self.place.id

    def values(self) -> tuple[Any, ...]:
        place, where = self.place, self.place.destination
        code = (None, None) if place.code is None else (place.code.kid, place.code.mac)
        return (
            place.id, place.merchant_id, where.kind, where.bank_code, where.account, where.name,
            place.state, place.added_at, place.usable_from, place.confirmed_at, *code,
            place.code_expires_at,
        )  # fmt: skip

    def apply(self, facts: Facts) -> None:
        found = destinations_of(facts, self.place.merchant_id)
        facts.add_record(found.with_place(self.place))


@updated("destinations", "state, usable_from, confirmed_at, code_attempts, removed_at")
@dataclass(frozen=True, slots=True)
class PlaceChanged(WrittenRow):
    """A destination is confirmed, guessed at, or removed."""

    RANK: ClassVar[int] = 3

    place: Place

    def apply(self, facts: Facts) -> None:
        found = destinations_of(facts, self.place.merchant_id)
        facts.add_record(found.with_place(self.place))


@updated("merchants", key="holder_id", holder_id="merchant_id")
@dataclass(frozen=True, slots=True)
class DefaultChanged(WrittenRow):
    """Where a merchant's payouts go when they name no destination."""

    RANK: ClassVar[int] = 4

    merchant_id: int
    destination_id: int | None

    def apply(self, facts: Facts) -> None:
        facts.add_record(MerchantLock(self.merchant_id, self.destination_id))
