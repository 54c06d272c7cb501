"""How long a dispute takes, where somebody wants to watch one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from wallet.config import InProduction, Reader

SECONDS: Final = "KIBUBU_DISPUTE_SECONDS"


@dataclass(frozen=True, slots=True)
class DisputeSettings:
    """Disputes.

    | Variable | Unset | Meaning |
    |---|---|---|
    | KIBUBU_DISPUTE_SECONDS | the markets' days | development only: each time of a dispute |
    """

    seconds: int | None

    @classmethod
    def read(cls, reader: Reader) -> Self:
        if reader.get(SECONDS) is None:
            return cls(None)
        reader.not_in_production(SECONDS, InProduction.DEVELOPMENT)
        return cls(reader.number(SECONDS, 1, 999_999))


SETTINGS: Final = (DisputeSettings,)
