"""EMVCo merchant-presented QR: text to fields and back, nothing lost. Source: EMVCo MPM 1.1.

A payload is a run of fields: two digits of tag, two of length, the value. Lengths are characters;
some issuers count bytes of UTF-8 instead, or write the checksum in lower case, and are read too.
Fields may stand in any order but 00 is first and the checksum, 63, last.
"""

import re
from binascii import crc_hqx
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from wallet.pasted import trimmed
from wallet.qr.errors import QrError, Reason

MAX_PAYLOAD_CHARS = 512
CRC_TAG = "63"

_CRC_AT_END = re.compile(r"6304[0-9A-Fa-f]{4}\Z")
_SYMBOLOGY = re.compile(r"\A\]Q[0-9]")  # what a scanner may say first: that it was a QR code
_TWO_DIGITS = re.compile(r"[0-9]{2}\Z")  # not \d: other scripts have digits too
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

# EMVCo defines what is inside these two; what is inside the others is their owner's business.
_EMV_TEMPLATES = frozenset({"62", "64"})
_ACCOUNT_TEMPLATES = range(26, 52)
_UNRESERVED_TEMPLATES = range(80, 100)


@dataclass(frozen=True, slots=True)
class Field:
    """One tag with its content as written and, if it is a template, what that consists of."""

    tag: str
    text: str
    fields: tuple["Field", ...] = ()

    @classmethod
    def template(cls, tag: str, fields: Iterable["Field"]) -> Self:
        parts = tuple(fields)
        return cls(tag, join(parts), parts)


def scanned(text: str) -> str:
    """What was scanned without what its scanner adds: line ends, spaces, marks nobody sees."""
    return trimmed(_SYMBOLOGY.sub("", trimmed(text)))


def decode(payload: str) -> tuple[Field, ...]:
    """The fields in the order written, without the checksum.

    `encode` gives the payload back where its lengths are in characters, as they should be.
    """
    payload = scanned(payload)
    _check_text(payload)
    if _CRC_AT_END.search(payload) and crc(payload[:-4]) != payload[-4:].upper():
        raise QrError(Reason.BAD_CRC, CRC_TAG)
    try:
        return _fields(payload)
    except QrError as in_characters:
        if payload.isascii():
            raise
        try:  # a character for each byte
            return tuple(map(_from_utf8, _fields(payload.encode().decode("latin-1"))))
        except (QrError, UnicodeDecodeError):
            raise in_characters from None


def _fields(payload: str) -> tuple[Field, ...]:
    fields = _without_checksum(_split(payload))
    _check_format(fields)
    _check_unique(fields)
    return tuple(_opened(field) for field in fields)


def _from_utf8(field: Field) -> Field:
    text = field.text.encode("latin-1").decode()
    return Field(field.tag, text, tuple(map(_from_utf8, field.fields)))


def encode(fields: Iterable[Field]) -> str:
    """The payload of these fields, with its checksum at the end."""
    parts = tuple(fields)
    _check_format(parts)
    _check_unique(parts)
    body = join(parts) + CRC_TAG + "04"
    _check_text(body)
    payload = body + crc(body)
    if len(payload) > MAX_PAYLOAD_CHARS:
        raise QrError(Reason.TOO_LONG)
    return payload


def join(fields: Iterable[Field]) -> str:
    """Fields as text, without a checksum."""
    return "".join(_written(field) for field in fields)


def crc(text: str) -> str:
    """CRC-16/CCITT-FALSE of everything before it, its own tag and length included."""
    return f"{crc_hqx(text.encode(), 0xFFFF):04X}"


def find(fields: Iterable[Field], tag: str) -> Field | None:
    """The first field of this tag, if any."""
    return next((field for field in fields if field.tag == tag), None)


def text_of(fields: Iterable[Field], tag: str) -> str:
    """The content of a field that must be there."""
    field = find(fields, tag)
    if field is None:
        raise QrError(Reason.MISSING_TAG, tag)
    return field.text


def is_account_template(tag: str) -> bool:
    return int(tag) in _ACCOUNT_TEMPLATES


def is_unreserved_template(tag: str) -> bool:
    return int(tag) in _UNRESERVED_TEMPLATES


def _written(field: Field) -> str:
    if not _TWO_DIGITS.match(field.tag):
        raise QrError(Reason.BAD_TAG, field.tag)
    if not 1 <= len(field.text) <= 99:
        raise QrError(Reason.BAD_LENGTH, field.tag)
    return f"{field.tag}{len(field.text):02}{field.text}"


def _split(text: str) -> tuple[Field, ...]:
    fields = []
    at = 0
    while at < len(text):
        tag, length = text[at : at + 2], text[at + 2 : at + 4]
        if len(length) < 2:
            raise QrError(Reason.TRUNCATED)
        if not _TWO_DIGITS.match(tag):
            raise QrError(Reason.BAD_TAG)
        if not _TWO_DIGITS.match(length) or length == "00":
            raise QrError(Reason.BAD_LENGTH, tag)
        end = at + 4 + int(length)
        if end > len(text):
            raise QrError(Reason.TRUNCATED, tag)
        fields.append(Field(tag, text[at + 4 : end]))
        at = end
    return tuple(fields)


def _opened(field: Field) -> Field:
    """The field with its template, if it is one, taken apart."""
    private = is_account_template(field.tag) or is_unreserved_template(field.tag)
    # Kenyan codes in circulation put a bare account (28) or time (82) where a template belongs;
    # a template begins with its owner's identifier.
    if not (field.tag in _EMV_TEMPLATES or (private and field.text.startswith("00"))):
        return field
    parts = _split(field.text)
    _check_unique(parts)
    return Field(field.tag, field.text, parts)


def _check_text(payload: str) -> None:
    if len(payload) > MAX_PAYLOAD_CHARS:
        raise QrError(Reason.TOO_LONG)
    if _CONTROL.search(payload):
        raise QrError(Reason.BAD_CHARACTER)


def _check_format(fields: tuple[Field, ...]) -> None:
    version = text_of(fields, "00")
    if fields[0].tag != "00":
        raise QrError(Reason.BAD_ORDER, "00")
    if version != "01":
        raise QrError(Reason.UNKNOWN_FORMAT, "00")
    if find(fields, CRC_TAG):
        raise QrError(Reason.BAD_ORDER, CRC_TAG)


def _without_checksum(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    if not fields or fields[-1].tag != CRC_TAG:
        raise QrError(Reason.BAD_ORDER if find(fields, CRC_TAG) else Reason.MISSING_TAG, CRC_TAG)
    if not re.fullmatch("[0-9A-Fa-f]{4}", fields[-1].text):
        raise QrError(Reason.BAD_CRC, CRC_TAG)
    return fields[:-1]


def _check_unique(fields: tuple[Field, ...]) -> None:
    seen: set[str] = set()
    for field in fields:
        if field.tag in seen:
            raise QrError(Reason.DUPLICATE_TAG, field.tag)
        seen.add(field.tag)
