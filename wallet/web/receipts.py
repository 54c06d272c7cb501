"""What a command is answered with, as documented; the ledger's own words, sent as they are."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields

from wallet.web.schemas import ReferenceField

_POSTED = "2026-01-05T09:00:00+00:00"


class ReceiptSchema(ma.Schema):
    """A command that was done; `reference` finds it again."""

    reference = ReferenceField()
    kind = fields.Str()
    posted_at = fields.DateTime(metadata={"example": _POSTED})
