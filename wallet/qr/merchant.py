"""What one of our codes says, and what it may say. Widths are EMVCo's (MPM 1.1, table 3.1)."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from wallet.money import CURRENCIES, MAX_MINOR, Money, format_amount
from wallet.qr.errors import QrError, Reason
from wallet.qr.names import CITY_CHARS, NAME_CHARS, cleaned, is_readable
from wallet.qr.profiles import profile_of

_AMOUNT_CHARS = 13
_TILL = re.compile(r"[0-9]{1,15}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_CATEGORY = re.compile(r"[0-9]{4}")
_REFERENCE = re.compile(r"[!-~](?:[ -~]{0,23}[!-~])?")  # printable ASCII, no outer spaces
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_EXPIRY_S = 9_999_999_999  # in 2286; ten digits, and within what datetime can hold


@dataclass(frozen=True, slots=True)
class MerchantCode:
    """`mcc` is the merchant category code; `expires_at` is cut to whole seconds."""

    till: str
    name: str
    city: str
    country: str
    currency: str
    mcc: str
    amount_minor: int | None = None
    reference: str | None = None
    expires_at: datetime | None = None

    @property
    def is_dynamic(self) -> bool:
        """Whether the code is for one payment, that of its reference, not for the till's wall."""
        return (self.amount_minor, self.reference, self.expires_at) != (None, None, None)

    @property
    def amount(self) -> Money | None:
        return None if self.amount_minor is None else Money(self.currency, self.amount_minor)


def cut_to_width(code: MerchantCode) -> MerchantCode:
    """The code with name and city as a code can carry them."""
    return replace(code, name=cleaned(code.name, NAME_CHARS), city=cleaned(code.city, CITY_CHARS))


def check(code: MerchantCode) -> None:
    """Raise the first `QrError` about contents that no code of ours may have."""
    if not _COUNTRY.fullmatch(code.country):
        raise QrError(Reason.BAD_COUNTRY, "58")
    if code.currency not in CURRENCIES:
        raise QrError(Reason.UNKNOWN_CURRENCY, "53")
    if profile_of(code.country).currency not in (None, code.currency):
        raise QrError(Reason.WRONG_CURRENCY, "53")
    if not _TILL.fullmatch(code.till):
        raise QrError(Reason.BAD_TILL)
    if cleaned(code.name, NAME_CHARS) != code.name or not is_readable(code.name):
        raise QrError(Reason.BAD_NAME, "59")
    if cleaned(code.city, CITY_CHARS) != code.city or not is_readable(code.city):
        raise QrError(Reason.BAD_CITY, "60")
    if not _CATEGORY.fullmatch(code.mcc):
        raise QrError(Reason.BAD_CATEGORY, "52")
    _check_payment(code)


def _check_payment(code: MerchantCode) -> None:
    if code.amount_minor is not None and not _is_payable(code.amount_minor, code.currency):
        raise QrError(Reason.BAD_AMOUNT, "54")
    if code.reference is not None and not _REFERENCE.fullmatch(code.reference):
        raise QrError(Reason.BAD_REFERENCE, "62")
    if code.expires_at is not None and not 0 < seconds_of(code.expires_at) <= _LAST_EXPIRY_S:
        raise QrError(Reason.BAD_EXPIRY)
    if code.is_dynamic and code.reference is None:
        raise QrError(Reason.BAD_REFERENCE, "62")  # or nobody could tell that it was paid


def _is_payable(amount_minor: int, currency: str) -> bool:
    if not 0 < amount_minor <= MAX_MINOR:
        return False
    return len(format_amount(Money(currency, amount_minor))) <= _AMOUNT_CHARS


def seconds_of(moment: datetime) -> int:
    """Whole seconds since 1970 UTC."""
    return (moment - _EPOCH) // timedelta(seconds=1)


def moment_of(seconds: int) -> datetime:
    return _EPOCH + timedelta(seconds=seconds)
