"""One's own accounts over HTTP: balances, statements, another currency; did it go through?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
from marshmallow import fields

from wallet.accounts import open_wallet
from wallet.errors import Code, Refused
from wallet.ledger.entries import (
    Balance,
    Statement,
    Transaction,
    account_of,
    balances,
    statement,
    transaction,
    transaction_by_key,
)
from wallet.web.acts import Act, ActRequest
from wallet.web.auth import caller, requires
from wallet.web.pages import PageQuerySchema, PageSchema
from wallet.web.receipts import ReceiptSchema
from wallet.web.routing import Routes
from wallet.web.schemas import AmountField, ReferenceField, SignedAmountField, current_service

wallets: Final = Routes("wallets", "/v1/wallets", "Balances and statements of your own accounts.")


class WalletSchema(ma.Schema):
    """One of your accounts: a wallet, a float, a settlement account, a prefund, an inventory."""

    reference = ReferenceField(attribute="id")
    kind = fields.Str(metadata={"example": "wallet"})
    balance = AmountField(attribute="amount")
    opened_at = fields.DateTime()


class WalletsSchema(ma.Schema):
    """All your accounts."""

    items = fields.List(fields.Nested(WalletSchema))


class LineSchema(ma.Schema):
    """One entry: what it added, or took, and what was there afterwards."""

    reference = ReferenceField(attribute="posting_id")
    kind = fields.Str(metadata={"example": "send"})
    amount = SignedAmountField()
    balance = AmountField(attribute="balance_after")
    counterpart = fields.Str(allow_none=True, metadata={"example": "Juma Abdallah"})
    original = ReferenceField(
        attribute="original_id",
        allow_none=True,
        metadata={"description": "What was released, returned, refunded or reversed by it."},
    )
    posted_at = fields.DateTime()


class StatementSchema(PageSchema):
    """Entries, newest first."""

    items = fields.List(fields.Nested(LineSchema), attribute="lines")


class NewWalletSchema(ma.Schema):
    """A currency that your market has wallets in."""

    currency = fields.Str(required=True, metadata={"example": "USD"})


class NewWalletReceiptSchema(ReceiptSchema):
    """A wallet that was opened."""

    holder_id = ReferenceField()
    currency = fields.Str(metadata={"example": "USD"})


NEW_WALLET: Final = Act(
    body=NewWalletSchema,
    roles=("consumer",),
    decide=open_wallet.decide,
    receipt=NewWalletReceiptSchema,
)


@wallets.get("")
@requires()
@wallets.response(200, WalletsSchema)
def list_wallets() -> Mapping[str, tuple[Balance, ...]]:
    """See all your accounts and balances"""
    return {"items": balances(current_service().engine, caller().holder_id)}


@wallets.act("", NEW_WALLET)
def create_wallet(request: ActRequest) -> open_wallet.Command:
    """Open a wallet in another currency, where your market has it"""
    return open_wallet.Command(request.actor, request.key, request.body["currency"])


@wallets.get("/<reference:account_id>/entries")
@requires()
@wallets.arguments(PageQuerySchema, location="query")
@wallets.response(200, StatementSchema)
def list_entries(query: Mapping[str, Any], account_id: int) -> Statement:
    """See the statement of one of your accounts, newest first"""
    engine = current_service().engine
    if account_of(engine, caller().holder_id, account_id) is None:
        raise Refused(Code.NOT_FOUND)
    return statement(engine, account_id, query.get("before"), query["limit"])


transactions: Final = Routes("transactions", "/v1/transactions", "Did it go through?")


class OwnEntrySchema(ma.Schema):
    """What it did to one of your accounts."""

    account = ReferenceField(attribute="account_id")
    kind = fields.Str(metadata={"example": "wallet"})
    amount = SignedAmountField()
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


@transactions.get("")
@requires()
@transactions.arguments(KeyQuerySchema, location="query")
@transactions.response(200, TransactionSchema)
def find_transaction(query: Mapping[str, Any]) -> Transaction:
    """Ask by key whether a command of yours went through

    404 means that nothing moved under this key, and that it is safe to send it again.
    """
    return _found(transaction_by_key(current_service().engine, caller().holder_id, query["key"]))


@transactions.get("/<reference:posting_id>")
@requires()
@transactions.response(200, TransactionSchema)
def get_transaction(posting_id: int) -> Transaction:
    """See a transaction that concerns you"""
    return _found(transaction(current_service().engine, caller().holder_id, posting_id))


def _found(seen: Transaction | None) -> Transaction:
    if seen is None:
        raise Refused(Code.NOT_FOUND)
    return seen


ROUTES: Final = (wallets, transactions)
