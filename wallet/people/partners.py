"""Partners and makers come by API, with a client id and a secret that we only keep a MAC of.

The keys are those of the PIN verifier, so they can be rotated in the same way: a secret made
under any of them is still good.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, text

from wallet.config import PinKey
from wallet.errors import Code, Refused

_SECRET_BYTES: Final = 32

READ_CLIENT: Final = text("""
    SELECT holder_id, secret_mac FROM partners WHERE client_id = :client_id
""")


def new_secret() -> str:
    """Return a client secret; it is shown to its owner once."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def check_client(
    connection: Connection, client_id: str, secret: str, keys: Sequence[PinKey]
) -> int:
    """Return whose credentials they are. Raises `Refused` with `client_authorisation_error`."""
    row = connection.execute(READ_CLIENT, {"client_id": client_id}).one_or_none()
    stored = row.secret_mac if row is not None else b""
    macs = [secret_mac(each.key, client_id, secret) for each in keys]
    if row is None or not any(hmac.compare_digest(stored, mac) for mac in macs):
        raise Refused(Code.CLIENT_AUTHORISATION_ERROR)
    return int(row.holder_id)


def secret_mac(key: bytes, client_id: str, secret: str) -> bytes:
    """Return the verifier of a client's secret."""
    return hmac.digest(key, f"client secret|{client_id}|{secret}".encode(), sha256)
