"""Which field of a payload holds what: a `MerchantCode` as fields, and fields as one."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from wallet.errors import Refused
from wallet.money import CURRENCIES, Money, format_amount, parse_amount
from wallet.qr.emv import (
    Field,
    find,
    is_account_template,
    is_unreserved_template,
    text_of,
)
from wallet.qr.errors import QrError, Reason
from wallet.qr.merchant import MerchantCode, moment_of, seconds_of
from wallet.qr.names import CITY_CHARS, NAME_CHARS, in_ascii
from wallet.qr.profiles import own, profile_of

_STATIC, _DYNAMIC = "11", "12"
_EXPIRY = re.compile(r"[1-9][0-9]{0,9}")
_CARD_SCHEMES = {
    "02": "Visa", "03": "Visa", "04": "Mastercard", "05": "Mastercard", "09": "Discover",
    "10": "Discover", "11": "American Express", "12": "American Express", "13": "JCB", "14": "JCB",
    "15": "UnionPay", "16": "UnionPay",
}  # fmt: skip
_CODES_BY_NUMBER = {currency.numeric: code for code, currency in CURRENCIES.items()}


def fields_of(
    code: MerchantCode, issued_at: datetime | None, dial: str | None
) -> tuple[Field, ...]:
    """The fields of a checked code by rising tag, not sealed yet."""
    profile = profile_of(code.country)
    ours = own()
    fields = (
        Field("00", "01"),
        Field("01", _DYNAMIC if code.is_dynamic else _STATIC),
        *profile.filled(code.till, dial, issued_at),
        Field.template(ours.merchant_tag, (Field("00", ours.guid), Field("01", code.till))),
        *_plain_fields(code),
        Field.template("62", _additional(code, profile.additional)),
        *_own_script(code, profile.language),
        Field.template(ours.seal_tag, (Field("00", ours.guid), *_expiry(code))),
    )
    return tuple(sorted(fields, key=lambda field: field.tag))


def code_of(fields: Sequence[Field]) -> MerchantCode:
    """What the fields say, not checked yet; refuses codes that are not ours."""
    merchant = our_account(fields)
    script = find(fields, "64")
    names = script.fields if script else ()
    additional = find(fields, "62")
    currency = _currency(text_of(fields, "53"))
    amount = find(fields, "54")
    expiry = find(our_seal(fields).fields, "01")
    return MerchantCode(
        till=text_of(merchant.fields, "01"),
        name=_text(names, "01") or text_of(fields, "59"),
        city=_text(names, "02") or text_of(fields, "60"),
        country=text_of(fields, "58"),
        currency=currency,
        mcc=text_of(fields, "52"),
        amount_minor=_minor(amount.text, currency) if amount else None,
        reference=_text(additional.fields, "05") if additional else None,
        expires_at=_moment(expiry.text) if expiry else None,
    )


def our_account(fields: Sequence[Field]) -> Field:
    """Our merchant template, by its identifier wherever it stands."""
    found = [f for f in fields if is_account_template(f.tag) and _is_own(f)]
    if not found:
        raise QrError(Reason.NOT_OURS, owner=_owner(fields))
    return _only(found)


def _owner(fields: Sequence[Field]) -> str:
    """Whose merchant accounts these are: templates begin with it, the card schemes' tags are it."""
    named = (_CARD_SCHEMES.get(field.tag) or _text(field.fields, "00") for field in fields
             if field.tag in _CARD_SCHEMES or is_account_template(field.tag))  # fmt: skip
    return ", ".join(dict.fromkeys(name for name in named if name))


def our_seal(fields: Sequence[Field]) -> Field:
    """Our template with the expiry and the seal."""
    found = [f for f in fields if is_unreserved_template(f.tag) and _is_own(f)]
    if not found:
        raise QrError(Reason.MISSING_TAG, own().seal_tag)
    return _only(found)


def _is_own(template: Field) -> bool:
    return _text(template.fields, "00") == own().guid


def _only(found: Sequence[Field]) -> Field:
    if len(found) > 1:
        raise QrError(Reason.DUPLICATE_TAG, found[1].tag)
    return found[0]


def _plain_fields(code: MerchantCode) -> Iterator[Field]:
    yield Field("52", code.mcc)
    yield Field("53", CURRENCIES[code.currency].numeric)
    if code.amount_minor is not None:
        yield Field("54", format_amount(Money(code.currency, code.amount_minor)))
    yield Field("58", code.country)
    yield Field("59", in_ascii(code.name, NAME_CHARS, f"TILL {code.till}"))
    yield Field("60", in_ascii(code.city, CITY_CHARS, code.country))


def _additional(code: MerchantCode, of_profile: Mapping[str, str]) -> Iterator[Field]:
    for tag, text in of_profile.items():
        yield Field(tag, text)
    if code.reference is not None:
        yield Field("05", code.reference)
    yield Field("07", code.till)


def _own_script(code: MerchantCode, language: str) -> Iterator[Field]:
    """Name and city as people there write them, where 59 and 60 cannot hold that."""
    if not (code.name.isascii() and code.city.isascii()):
        parts = (Field("00", language), Field("01", code.name), Field("02", code.city))
        yield Field.template("64", parts)


def _expiry(code: MerchantCode) -> Iterator[Field]:
    if code.expires_at is not None:
        yield Field("01", str(seconds_of(code.expires_at)))


def _text(fields: Sequence[Field], tag: str) -> str | None:
    field = find(fields, tag)
    return field.text if field else None


def _currency(number: str) -> str:
    if number not in _CODES_BY_NUMBER:
        raise QrError(Reason.UNKNOWN_CURRENCY, "53")
    return _CODES_BY_NUMBER[number]


def _minor(text: str, currency: str) -> int:
    try:
        return parse_amount(text, currency).minor
    except Refused as refusal:
        raise QrError(Reason.BAD_AMOUNT, "54") from refusal


def _moment(text: str) -> datetime:
    if not _EXPIRY.fullmatch(text):
        raise QrError(Reason.BAD_EXPIRY)
    return moment_of(int(text))
