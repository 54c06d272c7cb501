"""Agents as rows: a holder who takes cash, known to customers by a short number."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar, Final
from uuid import UUID

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts

AGENT_DIGITS: Final = 5
_TRIES: Final = 16


def candidates(key: UUID, digits: int) -> tuple[str, ...]:
    """Return short numbers to try, the same for a command however often it is posted."""
    lowest = 10 ** (digits - 1)
    numbers = (
        int.from_bytes(blake2b(b"%d" % each, key=key.bytes, digest_size=8).digest())
        for each in range(_TRIES)
    )
    return tuple(str(lowest + number % (9 * lowest)) for number in numbers)


@dataclass(frozen=True, slots=True)
class NewAgent:
    """A holder becomes an agent; the database refuses a number that is taken."""

    WRITE: ClassVar[str] = """
        INSERT INTO agents (holder_id, number, name)
        SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[])
    """
    RANK: ClassVar[int] = 1

    holder_id: int
    number: str
    name: str

    @property
    def identity(self) -> int:
        return self.holder_id

    def values(self) -> tuple[Any, ...]:
        return (self.holder_id, self.number, self.name)

    def apply(self, facts: Facts) -> None:
        holder = facts.holders[self.holder_id]
        holder.agent_number, holder.agent_name = self.number, self.name
        facts.add_holder(holder)
