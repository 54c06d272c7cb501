"""Phone numbers: E.164, mobile, of a market we serve. The rules are libphonenumber's."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import phonenumbers
from phonenumbers import PhoneNumberType

from wallet.errors import Code, Refused

_MOBILE: Final = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
_LONGEST: Final = 20


def parse_msisdn(text: object, region: str, markets: Mapping[str, Any]) -> str:
    """Return a typed number as E.164; a short form is read as `region`'s.

    Raises `Refused` with `phone_malformed`, `phone_not_mobile` or `phone_region_not_served`.
    """
    if not isinstance(text, str) or len(text) > _LONGEST or not text.isascii():
        raise Refused(Code.PHONE_MALFORMED)
    msisdn, problem, found = _parse(text.strip(), region)
    if problem is not None:
        raise Refused(problem)
    if found not in markets:
        raise Refused(Code.PHONE_REGION_NOT_SERVED, region=found)
    return msisdn


@lru_cache(maxsize=65536)
def _parse(text: str, region: str) -> tuple[str, Code | None, str]:
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


@lru_cache(maxsize=65536)
def local_number(msisdn: str) -> str:
    """Return a number as people of its own country write it: `0711000002`."""
    number = phonenumbers.parse(msisdn)
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return "".join(letter for letter in national if letter.isdigit())


def region_of(msisdn: str) -> str:
    """Return the ISO 3166 code of the country a number belongs to, empty where unknown."""
    return _parse(msisdn, "ZZ")[2]


def masked(msisdn: str) -> str:
    """Return a number as logs may show it: `+2547…002`."""
    return f"{msisdn[:5]}…{msisdn[-3:]}"
