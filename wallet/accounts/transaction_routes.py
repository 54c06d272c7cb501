"""Transactions: "did it go through?", by reference and by the key a command was sent with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
from marshmallow import fields

from wallet.errors import Code, Refused
from wallet.ledger.entries import Transaction, transaction, transaction_by_key
from wallet.web.auth import caller, requires
from wallet.web.routing import Routes
from wallet.web.schemas import AmountField, ReferenceField, service

blp: Final = Routes("transactions", "/v1/transactions", "Did it go through?")


class OwnEntrySchema(ma.Schema):
    """What it did to one of your accounts."""

    account = ReferenceField(attribute="account_id")
    kind = fields.Str(metadata={"example": "wallet"})
    amount = AmountField()
    balance = AmountField(attribute="balance_after")


class TransactionSchema(ma.Schema):
    """A transaction, as far as it concerns you."""

    reference = ReferenceField(attribute="id")
    kind = fields.Str(metadata={"example": "send"})
    counterpart = fields.Str(allow_none=True, metadata={"example": "Juma Abdallah"})
    entries = fields.List(fields.Nested(OwnEntrySchema))
    original = ReferenceField(
        attribute="original_id",
        allow_none=True,
        metadata={"description": "The transaction that this one is linked to."},
    )
    receipt = fields.Dict(
        attribute="answer",
        allow_none=True,
        metadata={"description": "What you were told, if the command was yours."},
    )
    posted_at = fields.DateTime()


class KeyQuerySchema(ma.Schema):
    """The Idempotency-Key of a command of yours."""

    key = fields.UUID(required=True)


@blp.get("")
@requires()
@blp.arguments(KeyQuerySchema, location="query")
@blp.response(200, TransactionSchema)
def find_transaction(query: Mapping[str, Any]) -> Transaction:
    """Ask by key whether a command of yours went through

    404 means that nothing moved under this key, and that it is safe to send it again.
    """
    return _found(transaction_by_key(service().engine, caller().holder_id, query["key"]))


@blp.get("/<reference:posting_id>")
@requires()
@blp.response(200, TransactionSchema)
def get_transaction(posting_id: int) -> Transaction:
    """See a transaction that concerns you"""
    return _found(transaction(service().engine, caller().holder_id, posting_id))


def _found(seen: Transaction | None) -> Transaction:
    if seen is None:
        raise Refused(Code.NOT_FOUND)
    return seen
