"""Our merchants' codes: written, and read back only if they are ours, unchanged and in time.

Static (11): the till alone, printed once. Dynamic (12): an amount, a reference or an expiry too.
Amounts are minor units, times UTC. What a code may say is in merchant.py, where it stands in
layout.py, who may write one in seal.py.
"""

from datetime import datetime

from wallet.qr.emv import decode, encode
from wallet.qr.errors import QrError, Reason
from wallet.qr.layout import code_of, fields_of, our_seal
from wallet.qr.merchant import MerchantCode, check, cut_to_width
from wallet.qr.profiles import own
from wallet.qr.seal import is_sealed, sealed

__all__ = ["MerchantCode", "merchant_code", "read_code"]


def merchant_code(
    code: MerchantCode, key: bytes, *, issued_at: datetime | None = None, dial: str | None = None
) -> str:
    """The payload to print or show; `dial` is what a phone without a camera dials for the till."""
    code = cut_to_width(code)
    check(code)
    return encode(sealed(fields_of(code, issued_at, dial), own().seal_tag, key))


def read_code(payload: str, now: datetime, key: bytes, *older_keys: bytes) -> MerchantCode:
    """What one of our codes says, or a `QrError`: damaged, not ours, changed or expired.

    A code on paper outlives a key: `older_keys` are still read, never written with.
    """
    fields = decode(payload)
    code = code_of(fields)
    check(code)
    if not is_sealed(fields, our_seal(fields), (key, *older_keys)):
        raise QrError(Reason.FORGED)
    if code.expires_at is not None and now >= code.expires_at:
        raise QrError(Reason.EXPIRED)
    return code
