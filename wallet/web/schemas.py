"""The fields that requests and answers are made of; each hands the flows what they work with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import marshmallow as ma
from flask import current_app
from marshmallow import fields

from wallet.clock import id_of, reference
from wallet.errors import Refused
from wallet.money import Money, parse_amount
from wallet.numbers import parse_msisdn
from wallet.people.holders import check_name
from wallet.people.pin import Pin
from wallet.web import examples

if TYPE_CHECKING:
    from wallet.service import Service


def service() -> Service:
    """Return the parts of this process."""
    found: Service = current_app.extensions["kibubu"]
    return found


class AmountSchema(ma.Schema):
    """An amount of money. `amount` is a string with at most the currency's decimals."""

    amount = fields.Raw(
        required=True,
        metadata={
            "type": "string",
            "pattern": r"^(0|[1-9][0-9]*)(\.[0-9]+)?$",
            "example": "250.00",
        },
    )
    currency = fields.Raw(
        required=True,
        metadata={"type": "string", "pattern": "^[A-Z]{3}$", "example": "KES"},
    )

    @ma.post_load
    def make(self, data: Mapping[str, Any], **_: object) -> Money:
        """Return the money meant. Raises `Refused`."""
        return parse_amount(data["amount"], data["currency"])

    @ma.pre_dump
    def show(self, money: Money | Mapping[str, str], **_: object) -> Mapping[str, str]:
        """Return an amount as JSON has it."""
        return money.json if isinstance(money, Money) else money


def _naming(field: str | None, refusal: Refused) -> Refused:
    """Return a refusal that says which field it is about."""
    named = Refused(refusal.code)
    named.facts = {"field": field, **refusal.facts}
    return named


class _Named(fields.Field[Any]):
    """A field that names itself in what it refuses."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        try:
            return self.read(value)
        except Refused as refusal:
            raise _naming(attr, refusal) from refusal

    def read(self, value: Any) -> Any:
        """Return what `value` means. Raises `Refused` or `ValidationError`."""
        raise NotImplementedError


class AmountField(fields.Nested):
    """`{"amount": "250.00", "currency": "KES"}` becomes `Money`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(AmountSchema, **kwargs)

    def _deserialize(
        self,
        value: Any,
        attr: str | None,
        data: Mapping[str, Any] | None,
        partial: Any = None,
        **kwargs: Any,
    ) -> Any:
        try:
            return super()._deserialize(value, attr, data, partial, **kwargs)
        except Refused as refusal:
            raise _naming(attr, refusal) from refusal


class PhoneField(_Named):
    """A phone number becomes E.164; a short form is read as the home market's."""

    def __init__(self, **kwargs: Any) -> None:
        described = {"type": "string", "example": examples.RECEIVER, **kwargs.pop("metadata", {})}
        super().__init__(metadata=described, **kwargs)

    def read(self, value: Any) -> str:
        return phone(value)


def phone(value: object) -> str:
    """Return a typed number as E.164. Raises `Refused`."""
    parts = service()
    return parse_msisdn(value, parts.settings.market, parts.markets)


class ReferenceField(_Named):
    """A reference, such as `1QGDF9BM0K7J`, becomes the id it shows, and the reverse."""

    def __init__(self, **kwargs: Any) -> None:
        described = {
            "type": "string",
            "pattern": "^[0-9A-HJKMNP-TV-Z]{12}$",
            "example": "1QGDF9BM0K7J",
            **kwargs.pop("metadata", {}),
        }
        super().__init__(metadata=described, **kwargs)

    def read(self, value: Any) -> int:
        found = id_of(value) if isinstance(value, str) else None
        if found is None:
            raise ma.ValidationError("Not a reference.")
        return found

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return reference(value) if isinstance(value, int) else value


class PinField(_Named):
    """Four digits become a `Pin`, which shows itself to nobody."""

    def __init__(self, **kwargs: Any) -> None:
        described = {
            "type": "string",
            "format": "password",
            "pattern": "^[0-9]{4}$",
            "example": examples.CUSTOMER_PIN,
            **kwargs.pop("metadata", {}),
        }
        super().__init__(load_only=True, metadata=described, **kwargs)

    def read(self, value: Any) -> Pin:
        return Pin(value)


class NameField(_Named):
    """A person's or business's name, its spaces tidied."""

    def __init__(self, **kwargs: Any) -> None:
        described = {
            "type": "string",
            "minLength": 2,
            "maxLength": 40,
            "example": examples.NEWCOMER_NAME,
            **kwargs.pop("metadata", {}),
        }
        super().__init__(metadata=described, **kwargs)

    def read(self, value: Any) -> str:
        return check_name(value)


class PartySchema(ma.Schema):
    """Somebody on the other side of a payment."""

    name = fields.Str(metadata={"example": examples.RECEIVER_NAME})
    msisdn = fields.Str(allow_none=True, metadata={"example": examples.RECEIVER})
