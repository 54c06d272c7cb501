"""The key that seals our QR codes, and what a code that cannot be taken is refused with."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final

from wallet.errors import Code, Refused
from wallet.qr import MerchantCode, QrError, Reason, merchant_code, read_code

_LABEL: Final = b"kibubu qr key 1"
_BEFORE_ANY_EXPIRY: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_OURS: Final = (Reason.NOT_OURS, Reason.FORGED)


@lru_cache(maxsize=4)
def qr_key(token_key: bytes) -> bytes:
    """Return the sealing key: derived, so that no byte of the token key is used twice."""
    return hmac.digest(token_key, _LABEL, sha256)


def read_payload(payload: str, key: bytes, now: datetime | None = None) -> MerchantCode:
    """Return what one of our codes says.

    Without `now` also an expired one, for whoever must look at the expiry in the books' order.
    Raises `Refused` with `qr_malformed` (and which part is wrong), `qr_expired`, `qr_not_ours` (and
    whose it is, where it says so).
    """
    try:
        return read_code(payload, now or _BEFORE_ANY_EXPIRY, key)
    except QrError as error:
        if error.reason is Reason.EXPIRED:
            raise Refused(Code.QR_EXPIRED) from error
        code = Code.QR_NOT_OURS if error.reason in _NOT_OURS else Code.QR_MALFORMED
        owner = {"owner": error.owner} if error.owner else {}
        raise Refused(code, problem=error.reason.value, **owner) from error


def write_payload(code: MerchantCode, key: bytes, *, issued_at: datetime, dial: str) -> str:
    """Return a sealed payload. Raises `Refused` with `qr_malformed` for what no code can carry."""
    try:
        return merchant_code(code, key, issued_at=issued_at, dial=dial)
    except QrError as error:
        raise Refused(Code.QR_MALFORMED, problem=error.reason.value) from error
