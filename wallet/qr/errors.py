"""What can be wrong with a QR code, in words a caller can map to its own."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a code was refused. Published: append, never rename."""

    TOO_LONG = "too_long"
    BAD_CHARACTER = "bad_character"
    BAD_CRC = "bad_crc"
    TRUNCATED = "truncated"
    BAD_TAG = "bad_tag"
    BAD_LENGTH = "bad_length"
    BAD_ORDER = "bad_order"
    DUPLICATE_TAG = "duplicate_tag"
    MISSING_TAG = "missing_tag"
    UNKNOWN_FORMAT = "unknown_format"
    NOT_OURS = "not_ours"
    BAD_COUNTRY = "bad_country"
    UNKNOWN_CURRENCY = "unknown_currency"
    WRONG_CURRENCY = "wrong_currency"
    BAD_AMOUNT = "bad_amount"
    BAD_TILL = "bad_till"
    BAD_NAME = "bad_name"
    BAD_CITY = "bad_city"
    BAD_CATEGORY = "bad_category"
    BAD_REFERENCE = "bad_reference"
    BAD_EXPIRY = "bad_expiry"
    FORGED = "forged"
    EXPIRED = "expired"


class QrError(ValueError):
    """A code that is not to be paid, or contents that no code can carry.

    `owner` names whose code it is where it is another system's.
    """

    def __init__(self, reason: Reason, tag: str | None = None, owner: str = "") -> None:
        self.reason = reason
        self.tag = tag
        self.owner = owner
        super().__init__(reason if tag is None else f"{reason} (tag {tag})")
