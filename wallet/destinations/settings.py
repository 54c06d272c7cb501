"""Whether payouts may go to phones: only where a rail to them is configured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from wallet.config import Reader


@dataclass(frozen=True, slots=True)
class DestinationSettings:
    """Destinations, which have no variable of their own."""

    to_phones: bool

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(to_phones=reader.get("KIBUBU_MOMO_URL") is not None)


SETTINGS: Final = (DestinationSettings,)
