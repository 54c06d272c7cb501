"""Agents as rows: a holder who takes cash, known to customers by a short number."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID

from wallet.ledger.rows import ReadRow, WrittenRow, inserted, record

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


@record("agents", id="holder_id", lock=False)
@dataclass(frozen=True, slots=True)
class AgentRecord(ReadRow):
    """An agent, by the holder's id. Number and name never change, so they need no lock."""

    id: int
    number: str
    name: str

    RANK: ClassVar[int] = 260


@record("agents", id="number", lock=False)
@dataclass(frozen=True, slots=True)
class AgentNumber(ReadRow):
    """A number that some agent has."""

    id: str

    RANK: ClassVar[int] = 270


@inserted("agents", key="holder_id")
@dataclass(frozen=True, slots=True)
class NewAgent(WrittenRow):
    """A holder becomes an agent; the database refuses a number that is taken."""

    RANK: ClassVar[int] = 1

    holder_id: int
    number: str
    name: str

    def apply(self, facts: Facts) -> None:
        facts.add_record(AgentRecord(self.holder_id, self.number, self.name))
        facts.add_record(AgentNumber(self.number))
