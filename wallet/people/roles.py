"""Roles: what somebody may do, as the tables say when they sign in or refresh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Row, text

from wallet.errors import Code, Refused
from wallet.people.tokens import Caller

READ_ROLES: Final = """
    SELECT h.id, h.status, h.msisdn IS NOT NULL AS consumer, a.holder_id IS NOT NULL AS agent,
           m.holder_id IS NOT NULL AS merchant, o.holder_id IS NOT NULL AS operator, p.role
      FROM holders h
      LEFT JOIN agents a ON a.holder_id = h.id
      LEFT JOIN merchants m ON m.holder_id = h.id
      LEFT JOIN operators o ON o.holder_id = h.id
      LEFT JOIN partners p ON p.holder_id = h.id
"""
READ_ROLES_OF_ID: Final = text(READ_ROLES + "WHERE h.id = :id")
READ_ROLES_OF_MSISDN: Final = text(READ_ROLES + "WHERE h.msisdn = :msisdn")
READ_STATUS: Final = text("SELECT status FROM holders WHERE id = :id")
READ_PROFILE: Final = text("""
    SELECT id, msisdn, name, language, market, tier, status, pin_mac IS NOT NULL AS pin_set
      FROM holders
     WHERE id = :id
""")

_BY_TABLE: Final = ("consumer", "agent", "merchant", "operator")
_BY_SECRET: Final = frozenset({"partner", "maker"})


@dataclass(frozen=True, slots=True)
class Profile:
    """What a holder may see of themselves."""

    id: int
    msisdn: str | None
    name: str
    language: str
    market: str
    tier: int
    status: str
    pin_set: bool


def person_of(connection: Connection, holder_id: int) -> Caller:
    """Return a holder with the roles a PIN gives. Raises `Refused` where they are closed."""
    return _caller(connection.execute(READ_ROLES_OF_ID, {"id": holder_id}).one())


def person_by_msisdn(connection: Connection, msisdn: str) -> Caller:
    """Return a number's holder, likewise. Raises `Refused` where nobody has registered it."""
    row = connection.execute(READ_ROLES_OF_MSISDN, {"msisdn": msisdn}).one_or_none()
    if row is None:
        raise Refused(Code.SENDER_UNKNOWN)
    return _caller(row)


def business_of(connection: Connection, holder_id: int) -> Caller:
    """Return a holder with the role that client credentials give, and no other."""
    row = connection.execute(READ_ROLES_OF_ID, {"id": holder_id}).one()
    _check_open(row)
    return Caller(row.id, frozenset({row.role}) & _BY_SECRET)


def check_still_active(connection: Connection, holder_id: int) -> None:
    """Raise `Refused` where one of the operator's staff is frozen or closed.

    What they do asks for no PIN and touches none of their own accounts, so no flow looks at them.
    """
    status = connection.execute(READ_STATUS, {"id": holder_id}).scalar_one_or_none()
    if status != "active":
        raise Refused(Code.SENDER_FROZEN if status == "frozen" else Code.SENDER_CLOSED)


def profile_of(connection: Connection, holder_id: int) -> Profile:
    """Return what a holder may see of themselves."""
    row = connection.execute(READ_PROFILE, {"id": holder_id}).one_or_none()
    if row is None:
        raise Refused(Code.NOT_FOUND)
    return Profile(*row)


def _caller(row: Row[tuple[object, ...]]) -> Caller:
    """A frozen holder still signs in, to see what is theirs; the flows refuse to move it."""
    _check_open(row)
    return Caller(row.id, frozenset(name for name in _BY_TABLE if getattr(row, name)))


def _check_open(row: Row[tuple[object, ...]]) -> None:
    if row.status == "closed":
        raise Refused(Code.SENDER_CLOSED)
