"""What several edges say of a destination, over HTTP."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields

from wallet.web.schemas import NameField


class BankSchema(ma.Schema):
    """Where payouts go."""

    code = fields.Str(required=True, metadata={"example": "01"})
    account = fields.Str(required=True, metadata={"example": "0112345678"})
    name = NameField(required=True, metadata={"example": "Juma Abdallah"})
