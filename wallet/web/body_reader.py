"""Bodies of acts, read as their schemas say.

Reading by marshmallow takes as long as all else that the loop does for a payment. A body that is
plainly right is therefore read field by field, in the schema's own words. Whatever is wrong with
another, the schema itself says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import marshmallow as ma

from wallet.errors import Refused
from wallet.web.bodies import parse_object
from wallet.web.errors import invalid
from wallet.web.schemas import AmountField, NamedField

_ODD: Final = (ma.ValidationError, Refused)


class BodyReader:
    """Reads the bodies that one schema describes.

    Of a schema that checks fields together only those names are plainly right that it lists in
    `WAYS`: sets of which one has to be there, exactly.
    """

    def __init__(self, kind: type[ma.Schema]) -> None:
        self._schema = kind()
        fields = self._schema.fields
        assert all(field.data_key is None and field.attribute is None for field in fields.values())
        self._fields = {name: _reader_of(name, field) for name, field in fields.items()}
        self._required = {name for name, field in fields.items() if field.required}
        self._ways: tuple[set[str], ...] | None = getattr(kind, "WAYS", None)
        has_hooks = any(self._schema._hooks.values())  # noqa: SLF001 -- it has no other name
        has_defaults = any(field.load_default is not ma.missing for field in fields.values())
        self._may_be_plain = (self._ways is not None or not has_hooks) and not has_defaults

    def read(self, raw: bytes) -> Mapping[str, Any]:
        """Return what a body means. Raises `Refused`, naming every field that is wrong."""
        body = parse_object(raw)
        if self._may_be_plain and self._has_names(body):
            try:
                return {name: self._fields[name](value) for name, value in body.items()}
            except _ODD:
                pass  # said below, of all fields together
        try:
            found: Mapping[str, Any] = self._schema.load(body)
        except ma.ValidationError as error:
            raise invalid({"json": error.messages}) from error
        return found

    def _has_names(self, body: Mapping[str, Any]) -> bool:
        names = body.keys()
        if self._ways is not None:
            return names in self._ways
        return self._required <= names <= self._fields.keys()


def _reader_of(name: str, field: ma.fields.Field[Any]) -> Callable[[Any], Any]:
    """Return what reads a field's value: past marshmallow's detours where the field is our own."""
    if isinstance(field, NamedField | AmountField) and not (field.allow_none or field.validators):
        return field.read
    return lambda value: field.deserialize(value, name)
