"""Holders as rows: a new one, a changed status or language."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final

from wallet.errors import Code, Refused

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts, Holder

LONGEST_NAME: Final = 40


def check_name(name: object) -> str:
    """Return a person's or business's name with its spaces tidied.

    Raises `Refused` where it is empty, too long, has no letter or holds what no name does.
    """
    if not isinstance(name, str) or len(name) > LONGEST_NAME * 2:
        raise Refused(Code.NAME_MALFORMED)
    tidy = unicodedata.normalize("NFC", " ".join(name.split()))
    is_written = all(_is_in_names(letter) for letter in tidy)
    has_letters = sum(letter.isalpha() for letter in tidy) >= 2
    if not (is_written and has_letters and len(tidy) <= LONGEST_NAME):
        raise Refused(Code.NAME_MALFORMED)
    return tidy


def _is_in_names(letter: str) -> bool:
    is_mark = unicodedata.category(letter).startswith("M")  # Thai vowels, for one
    return letter.isalpha() or letter.isdigit() or is_mark or letter in " '-.’&/"


@dataclass(frozen=True, slots=True)
class NewHolder:
    """A holder who comes into being; a second one of the same number is refused by the database."""

    WRITE: ClassVar[str] = """
        INSERT INTO holders (id, msisdn, name, language, market, tier, registered_at, registered_by)
        SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[],
                             %s::smallint[], %s::timestamptz[], %s::bigint[])
    """
    RANK: ClassVar[int] = 0

    holder: Holder
    registered_at: datetime
    registered_by: int | None

    @property
    def identity(self) -> int:
        return self.holder.id

    def values(self) -> tuple[Any, ...]:
        holder = self.holder
        described = (holder.id, holder.msisdn, holder.name, holder.language, holder.market)
        return (*described, holder.tier, self.registered_at, self.registered_by)

    def apply(self, facts: Facts) -> None:
        facts.add_holder(self.holder)


@dataclass(frozen=True, slots=True)
class HolderChanged:
    """A holder's status, language and tier as they shall be."""

    WRITE: ClassVar[str] = """
        UPDATE holders h SET status = v.status, language = v.language, tier = v.tier
          FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::smallint[])
               AS v (id, status, language, tier)
         WHERE h.id = v.id
    """
    RANK: ClassVar[int] = 6

    holder_id: int
    status: str
    language: str
    tier: int

    @property
    def identity(self) -> int:
        return self.holder_id

    def values(self) -> tuple[Any, ...]:
        return (self.holder_id, self.status, self.language, self.tier)

    def apply(self, facts: Facts) -> None:
        holder = facts.holders[self.holder_id]
        holder.status, holder.language, holder.tier = self.status, self.language, self.tier
