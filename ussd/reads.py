"""What the menus look up in Postgres: whose number this is. Never on a hop that is only a menu."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, text

READ_HOLDER: Final = text("""
    SELECT id, name, language, market, status, pin_mac IS NOT NULL
      FROM holders
     WHERE msisdn = :msisdn
""")


@dataclass(frozen=True, slots=True)
class KnownHolder:
    """Whose number it is."""

    id: int
    name: str
    language: str
    market: str
    status: str
    has_pin: bool


def holder_of(engine: Engine, msisdn: str) -> KnownHolder | None:
    """Return the holder of a number, None where nobody has registered it."""
    with engine.connect() as connection:
        row = connection.execute(READ_HOLDER, {"msisdn": msisdn}).one_or_none()
    return None if row is None else KnownHolder(*row)
