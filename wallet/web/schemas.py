"""The fields that requests and answers are made of; each hands the flows what they work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, TypeVar

import marshmallow as ma
from flask import current_app
from marshmallow import fields

from wallet.clock import id_of, reference
from wallet.errors import Refused
from wallet.money import Money, parse_amount
from wallet.numbers import parse_msisdn
from wallet.pasted import plain
from wallet.people.holders import check_name
from wallet.people.pin import Pin
from wallet.web import examples

Value = TypeVar("Value")

if TYPE_CHECKING:
    from wallet.service import Service


SERVING: Final[ContextVar[Service | None]] = ContextVar("serving", default=None)
"""What is served on the event loop, where Flask has no application at hand."""


def current_service() -> Service:
    """Return the parts of this process."""
    found: Service = SERVING.get() or current_app.extensions["kibubu"]
    return found


_AMOUNT: Final = frozenset({"amount", "currency"})
MISSING: Final = "Missing data for required field."
UNKNOWN: Final = "Unknown field."


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

    @ma.pre_dump
    def show(self, money: Money | Mapping[str, str], **_: object) -> Mapping[str, str]:
        """Return an amount as JSON has it."""
        return money.json if isinstance(money, Money) else money


def _named(field: str | None, read: Callable[[Any], Value], value: object) -> Value:
    """Return what `read` makes of a field's value; a refusal names it and waits for all others.

    A field that is missing, unknown or of another type comes before it, as `Code` says.
    """
    try:
        return read(value)
    except Refused as refusal:
        refusal.facts = {"field": field, **refusal.facts}
        raise ma.ValidationError([refusal]) from refusal


class NamedField(fields.Field[Any]):
    """A field that names itself in what it refuses; null too where it `reads_null`."""

    def __init__(self, *, reads_null: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._reads_null = reads_null

    def deserialize(
        self,
        value: Any,
        attr: str | None = None,
        data: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        if value is None and self._reads_null:
            return _named(attr, self.read, value)
        return super().deserialize(value, attr, data, **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        return _named(attr, self.read, value)

    def read(self, value: Any) -> Any:
        """Return what `value` means. Raises `Refused` or `ValidationError`."""
        raise NotImplementedError


class AmountField(fields.Nested):
    """`{"amount": "250.00", "currency": "KES"}` becomes `Money`.

    It is read here, for most acts have one: by way of its schema it takes three times as long.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(AmountSchema, **kwargs)

    def _deserialize(
        self,
        value: Any,
        attr: str | None,
        data: Mapping[str, Any] | None,
        partial: Any = None,
        **kwargs: Any,
    ) -> Money:
        return _named(attr, self.read, value)

    def read(self, value: Any) -> Money:
        """Return the money that `value` means. Raises `Refused` or `ValidationError`."""
        if not isinstance(value, dict):
            raise ma.ValidationError("Invalid input type.")
        if value.keys() != _AMOUNT:
            raise ma.ValidationError(
                {name: [MISSING] for name in _AMOUNT - value.keys()}
                | {name: [UNKNOWN] for name in value.keys() - _AMOUNT}
            )
        return parse_amount(value["amount"], value["currency"])


class SignedAmountSchema(AmountSchema):
    """An amount of money that came or, below zero, went."""

    amount = fields.Raw(
        required=True,
        metadata={
            "type": "string",
            "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$",
            "example": "-257.00",
        },
    )


class SignedAmountField(fields.Nested):
    """Shows `Money` that may be below zero; nobody sends such an amount."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(SignedAmountSchema, dump_only=True, **kwargs)


class PhoneField(NamedField):
    """A phone number becomes E.164; a short form is read as the home market's."""

    def __init__(self, **kwargs: Any) -> None:
        described = {"type": "string", "example": examples.RECEIVER, **kwargs.pop("metadata", {})}
        super().__init__(metadata=described, **kwargs)

    def read(self, value: Any) -> str:
        return phone(value)


def phone(value: object) -> str:
    """Return a typed number as E.164. Raises `Refused`."""
    service = current_service()
    return parse_msisdn(value, service.settings.market, service.markets)


class TillField(fields.Str):
    """A till's number, as it was typed or pasted."""

    def __init__(self, **kwargs: Any) -> None:
        described = {
            "pattern": "^[1-9][0-9]{4,6}$",
            "example": examples.TILL,
            **kwargs.pop("metadata", {}),
        }
        super().__init__(metadata=described, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        return plain(super()._deserialize(value, *args, **kwargs))


class ReferenceField(NamedField):
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


class PinField(NamedField):
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


class NameField(NamedField):
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
