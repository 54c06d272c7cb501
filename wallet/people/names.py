"""A name as it is shown to a stranger who is about to pay: enough to notice a wrong number."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

from wallet.errors import Code, Refused

READ_NAME: Final = text("""
    SELECT name FROM holders WHERE msisdn = :msisdn AND status <> 'closed'
""")


def shown_name(name: str) -> str:
    """Return `JUMA A.` for Juma Abdallah: the first name, and the last one's initial."""
    first, *others = name.upper().split()
    return f"{first} {others[-1][0]}." if others else first


def name_of(connection: Connection, msisdn: str) -> str:
    """Return the shown name of a number. Raises `Refused` where nobody has registered it."""
    name = connection.execute(READ_NAME, {"msisdn": msisdn}).scalar_one_or_none()
    if name is None:
        raise Refused(Code.RECEIVER_UNKNOWN)
    return shown_name(name)
