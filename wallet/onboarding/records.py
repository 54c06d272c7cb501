"""Partners, makers and operators as rows, and the secret a partner proves itself with.

The secret is chosen by the edge, shown once and never stored: the books keep its keyed MAC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from sqlalchemy import Engine, text

from wallet.ledger.rows import WrittenRow, inserted
from wallet.people.partners import secret_mac

PARTNER_ROLES: Final = ("partner", "maker")

FIND_HOLDER: Final = "SELECT id FROM holders WHERE msisdn = :msisdn"


class ClientSecret:
    """A secret on its way to its MAC. It shows itself to nobody, and has no say in whether two
    commands have the same contents: a command sent again comes with another.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "ClientSecret(****)"

    def reveal(self) -> str:
        """Return it, to be told once to whose it is."""
        return self._text

    def mac(self, client_id: str, keys: Mapping[str, bytes]) -> bytes:
        """Return the verifier under the current key."""
        return secret_mac(next(iter(keys.values())), client_id, self._text)


@inserted("partners", key="holder_id", secret_mac="mac")  # noqa: S106 -- a path
@dataclass(frozen=True, slots=True)
class NewPartner(WrittenRow):
    """An institution that comes by API, with client credentials."""

    RANK: ClassVar[int] = 1

    holder_id: int
    client_id: str
    mac: bytes
    role: str


@inserted("operators", key="holder_id", replaces=True)
@dataclass(frozen=True, slots=True)
class NewOperator(WrittenRow):
    """A holder who may act for the operator."""

    RANK: ClassVar[int] = 1

    holder_id: int


def holder_id_of(engine: Engine, msisdn: str) -> int | None:
    """Return whose number this is; a holder keeps id and number for life."""
    with engine.connect() as connection:
        found: int | None = connection.execute(text(FIND_HOLDER), {"msisdn": msisdn}).scalar()
    return found
