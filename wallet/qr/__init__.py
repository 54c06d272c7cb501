"""QR codes of our merchants: made, read, and refused with a reason."""

from wallet.qr.codes import MerchantCode, merchant_code, read_code
from wallet.qr.errors import QrError, Reason

__all__ = ["MerchantCode", "QrError", "Reason", "merchant_code", "read_code"]
