"""Phone numbers: E.164, mobile, of a market we serve. The rules are libphonenumber's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberType

from wallet.errors import Code, Refused
from wallet.pasted import plain

_MOBILE: Final = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
_LONGEST: Final = 20
_LONGEST_PASTED: Final = 100  # with what nobody sees in it
_BEFORE_MOBILE: Final = (
    "premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan",
    "voicemail",
)  # fmt: skip
"""The kinds that libphonenumber recognises before it asks whether a number is mobile."""


def parse_msisdn(text: object, region: str, markets: Mapping[str, Any]) -> str:
    """Return a typed number as E.164; a short form is read as `region`'s.

    Raises `Refused` with `phone_malformed`, `phone_not_mobile` or `phone_region_not_served`.
    """
    if not isinstance(text, str) or len(text) > _LONGEST_PASTED:
        raise Refused(Code.PHONE_MALFORMED)
    written = plain(text)
    if len(written) > _LONGEST or not written.isascii():
        raise Refused(Code.PHONE_MALFORMED)
    msisdn, problem, found = _parse(written, region)
    if problem is not None:
        raise Refused(problem)
    if found not in markets:
        raise Refused(Code.PHONE_REGION_NOT_SERVED, region=found)
    return msisdn


def _parse(text: str, region: str) -> tuple[str, Code | None, str]:
    for written in (text, _in_full(text, region)):
        found = _plain(written)
        if found is not None:
            return written, None, found.region
    return _parse_any(text, region)


def _in_full(text: str, region: str) -> str:
    """Return a number as dialled inside the country, such as 0711000002, as it is from outside."""
    code, prefix = _dialled(region)
    return code + text[len(prefix) :] if prefix and text.startswith(prefix) else ""


@cache
def _dialled(region: str) -> tuple[str, str]:
    """Return a country's calling code, and the prefix of its numbers inside it; else nothing."""
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None or metadata.national_prefix is None:
        return "", ""
    return f"+{metadata.country_code}", metadata.national_prefix


@lru_cache(maxsize=8192)
def _parse_any(text: str, region: str) -> tuple[str, Code | None, str]:
    """Return E.164, what is wrong with the number, and its country, by libphonenumber's rules."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return "", Code.PHONE_MALFORMED, ""
    if any(letter not in "+0123456789 -()." for letter in text):
        return "", Code.PHONE_MALFORMED, ""
    if not phonenumbers.is_valid_number(number):
        return "", Code.PHONE_MALFORMED, ""
    if phonenumbers.number_type(number) not in _MOBILE:
        return "", Code.PHONE_NOT_MOBILE, ""
    msisdn = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return msisdn, None, phonenumbers.region_code_for_number(number) or ""


@dataclass(frozen=True, slots=True)
class _Mobiles:
    """The mobile numbers of one country, compiled from libphonenumber's own patterns."""

    region: str
    pattern: re.Pattern[str]
    code_length: int
    prefix: str  # what people dial before the number inside the country


@cache
def _mobiles(code: str) -> _Mobiles | None:
    """Return a calling code's mobile numbers; None where several countries share the code."""
    regions = phonenumbers.region_codes_for_country_code(int(code))
    metadata = PhoneMetadata.metadata_for_region(regions[0]) if len(regions) == 1 else None
    if metadata is None or metadata.mobile is None:
        return None
    others = (getattr(metadata, name).national_number_pattern for name in _BEFORE_MOBILE
              if getattr(metadata, name) is not None)  # fmt: skip
    not_others = "".join(f"(?!(?:{each})$)" for each in others if each)
    mobile = metadata.mobile.national_number_pattern
    pattern = re.compile(rf"{not_others}(?:{mobile})", re.ASCII)
    return _Mobiles(regions[0], pattern, 1 + len(code), metadata.national_prefix or "")


def _plain(text: str) -> _Mobiles | None:
    """Return whose mobile number `text` is, where it is one already written as E.164.

    A payment reads two numbers; libphonenumber's general way takes a hundred times as long.
    """
    if not (text.startswith("+") and text[1:].isdecimal()):
        return None
    for length in (3, 2, 1):
        found = _mobiles(text[1 : 1 + length])
        if found is not None and found.pattern.fullmatch(text, found.code_length):
            return found
    return None


def local_number(msisdn: str) -> str:
    """Return a number as people of its own country write it: `0711000002`."""
    found = _plain(msisdn)
    return _local_any(msisdn) if found is None else found.prefix + msisdn[found.code_length :]


@lru_cache(maxsize=8192)
def _local_any(msisdn: str) -> str:
    number = phonenumbers.parse(msisdn)
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return "".join(letter for letter in national if letter.isdigit())


def region_of(msisdn: str) -> str:
    """Return the ISO 3166 code of the country a number belongs to, empty where unknown."""
    return _parse(msisdn, "ZZ")[2]


def masked(msisdn: str) -> str:
    """Return a number as logs may show it: `+2547…002`."""
    return f"{msisdn[:5]}…{msisdn[-3:]}"
