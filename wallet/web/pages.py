"""Lists: newest first, in pages, by a cursor that stays right while new items come in."""

from __future__ import annotations

from typing import Final

import marshmallow as ma
from marshmallow import fields, validate

from wallet.ledger.entries import LONGEST_PAGE

_CURSOR: Final = {"pattern": "^[0-9A-HJKMNP-TV-Z]{12}$"}


class PageQuerySchema(ma.Schema):
    """Which page is wanted."""

    before = fields.Str(metadata={"description": "`next` of the page before.", **_CURSOR})
    limit = fields.Int(
        load_default=50,
        strict=False,
        validate=validate.Range(1, LONGEST_PAGE),
        metadata={"description": "How many at most."},
    )


class PageSchema(ma.Schema):
    """One page of a list; `next` asks for the older items, and is null at the end."""

    next = fields.Str(attribute="next_cursor", allow_none=True, metadata=_CURSOR)
