"""Partners, makers and operators as rows, and the secret a partner proves itself with.

The secret is chosen by the edge, shown once and never stored: the books keep its keyed MAC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from sqlalchemy import Engine, text

from wallet.people.partners import secret_mac

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts

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


@dataclass(frozen=True, slots=True)
class NewPartner:
    """An institution that comes by API, with client credentials."""

    WRITE: ClassVar[str] = """
        INSERT INTO partners (holder_id, client_id, secret_mac, role)
        SELECT * FROM unnest(%s::bigint[], %s::text[], %s::bytea[], %s::text[])
    """
    RANK: ClassVar[int] = 1

    holder_id: int
    client_id: str
    mac: bytes
    role: str

    @property
    def identity(self) -> int:
        return self.holder_id

    def values(self) -> tuple[Any, ...]:
        return (self.holder_id, self.client_id, self.mac, self.role)

    def apply(self, facts: Facts) -> None:
        """Nothing in the same batch asks for it."""


@dataclass(frozen=True, slots=True)
class NewOperator:
    """A holder who may act for the operator."""

    WRITE: ClassVar[str] = """
        INSERT INTO operators (holder_id) SELECT * FROM unnest(%s::bigint[])
            ON CONFLICT DO NOTHING
    """
    RANK: ClassVar[int] = 1

    holder_id: int

    @property
    def identity(self) -> int:
        return self.holder_id

    def values(self) -> tuple[Any, ...]:
        return (self.holder_id,)

    def apply(self, facts: Facts) -> None:
        """Nothing in the same batch asks for it."""


def holder_id_of(engine: Engine, msisdn: str) -> int | None:
    """Return whose number this is; a holder keeps id and number for life."""
    with engine.connect() as connection:
        found: int | None = connection.execute(text(FIND_HOLDER), {"msisdn": msisdn}).scalar()
    return found
