"""What several edges say of held money."""

from __future__ import annotations

from wallet.web.receipts import ReceiptSchema
from wallet.web.schemas import AmountField, ReferenceField


class HeldReceiptSchema(ReceiptSchema):
    """Held money that was released or returned; `held` is what stays.

    Where a dispute was named, `disputed` is what of it is still open.
    """

    amount = AmountField()
    held = AmountField()
    contract = ReferenceField()
    dispute = ReferenceField()
    disputed = AmountField()
