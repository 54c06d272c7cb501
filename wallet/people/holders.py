"""Holders as rows: a new one, a changed status or language."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final

from wallet.errors import Code, Refused
from wallet.ledger.facts import Holder
from wallet.ledger.rows import WrittenRow, inserted, updated
from wallet.pasted import plain

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts

LONGEST_NAME: Final = 40


def check_name(name: object) -> str:
    """Return a person's or business's name with its spaces tidied.

    Raises `Refused` where it is empty, too long, has no letter or holds what no name does.
    """
    if not isinstance(name, str) or len(name) > LONGEST_NAME * 2:
        raise Refused(Code.NAME_MALFORMED)
    tidy = unicodedata.normalize("NFC", " ".join(plain(name).split()))
    is_written = all(_is_in_names(letter) for letter in tidy)
    has_letters = sum(letter.isalpha() for letter in tidy) >= 2
    if not (is_written and has_letters and len(tidy) <= LONGEST_NAME):
        raise Refused(Code.NAME_MALFORMED)
    return tidy


def _is_in_names(letter: str) -> bool:
    is_mark = unicodedata.category(letter).startswith("M")  # Thai vowels, for one
    return letter.isalpha() or letter.isdigit() or is_mark or letter in " '-.’&/"


@inserted("holders", "id, msisdn, name, language, market, tier, registered_at, registered_by")
@dataclass(frozen=True, slots=True)
class NewHolder(WrittenRow):
    """A holder who comes into being; a second one of the same number is refused by the database."""

    RANK: ClassVar[int] = 0

    holder: Holder
    registered_at: datetime
    registered_by: int | None

    def apply(self, facts: Facts) -> None:
        facts.add_holder(self.holder)


@updated("holders", id="holder_id")
@dataclass(frozen=True, slots=True)
class HolderChanged(WrittenRow):
    """A holder's status, language and tier as they shall be."""

    RANK: ClassVar[int] = 6

    holder_id: int
    status: str
    language: str
    tier: int

    def apply(self, facts: Facts) -> None:
        holder = facts.holders[self.holder_id]
        holder.status, holder.language, holder.tier = self.status, self.language, self.tier


def answer_about(kind: str, facts: Facts, holder: Holder) -> dict[str, Any]:
    """Return what a change that moves no money is answered with."""
    posted = facts.now.isoformat()
    return {"reference": facts.reference, "kind": kind, "name": holder.name, "posted_at": posted}
