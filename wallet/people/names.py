"""A name as it is shown to a stranger who is about to pay: enough to notice a wrong number."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

from wallet.errors import Code, Refused

_VOWELS_FIRST: Final = "\u0e40\u0e41\u0e42\u0e43\u0e44\u0ec0\u0ec1\u0ec2\u0ec3\u0ec4"
"""Thai and Lao write these before the letter that a name begins with."""

READ_NAME: Final = text("""
    SELECT name FROM holders WHERE msisdn = :msisdn AND status <> 'closed'
""")


def shown_name(name: str) -> str:
    """Return `JUMA A.` for Juma Abdallah: the first name, and the last one's initial."""
    first, *others = name.upper().split()
    return f"{first} {others[-1].lstrip(_VOWELS_FIRST)[:1]}." if others else first


def name_of(connection: Connection, msisdn: str) -> str:
    """Return the shown name of a number. Raises `Refused` where nobody has registered it."""
    name = connection.execute(READ_NAME, {"msisdn": msisdn}).scalar_one_or_none()
    if name is None:
        raise Refused(Code.RECEIVER_UNKNOWN)
    return shown_name(name)
