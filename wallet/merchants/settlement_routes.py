"""Settlement: what a merchant is owed and when, their terms, and each day's statement."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import marshmallow as ma
from flask import Response, request
from marshmallow import fields, validate

from wallet.clock import reference
from wallet.errors import Code, Refused
from wallet.merchants.pricing_reading import version_in_force
from wallet.merchants.pricing_routes import PricingSchema, shown
from wallet.merchants.settlement import AccountDay, Settlement, Statement, settlements, statement
from wallet.people.roles import profile_of
from wallet.web.auth import caller, requires
from wallet.web.routing import Routes
from wallet.web.schemas import AmountField, ReferenceField, SignedAmountField, current_service

blp: Final = Routes("settlements", "/v1/settlements", "What a merchant is owed, and when.")

CSV: Final = "text/csv"
COLUMNS: Final = (
    "posted_at", "account", "currency", "reference", "kind", "original", "counterpart",
    "gross", "commission", "reserve", "amount", "balance",
)  # fmt: skip
_DAY: Final = {
    "name": "day",
    "in": "path",
    "schema": {"type": "string", "format": "date", "example": "2026-01-05"},
}
_A_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class OnDaySchema(ma.Schema):
    """Money that comes free on a day of the merchant's calendar, in so many parts."""

    date = fields.Date(attribute="day", metadata={"example": "2026-01-12"})
    amount = AmountField()
    count = fields.Int(metadata={"example": 3})


class SettlementSchema(ma.Schema):
    """What is owed in one currency. What is held is before commission."""

    available = AmountField(metadata={"description": "Can be paid out now."})
    reserved = AmountField(metadata={"description": "Kept back for a while."})
    reserved_until = fields.List(fields.Nested(OnDaySchema))
    held = AmountField(metadata={"description": "In open contracts, not disputed."})
    held_until = fields.List(fields.Nested(OnDaySchema))
    disputed = AmountField(metadata={"description": "In open contracts, until it is settled."})
    refunds = AmountField(metadata={"description": "Refunds that wait for a balance."})


class SettlementsSchema(ma.Schema):
    """What is owed, currency by currency."""

    items = fields.List(fields.Nested(SettlementSchema))


class SettlementEntrySchema(ma.Schema):
    """One entry of the ledger. `gross`, `commission` and `reserve` add up to `amount`."""

    reference = ReferenceField(attribute="posting_id")
    kind = fields.Str(metadata={"example": "release"})
    original = ReferenceField(attribute="original_id", allow_none=True)
    counterpart = fields.Str(allow_none=True, metadata={"example": "Juma Abdallah"})
    gross = SignedAmountField()
    commission = SignedAmountField()
    reserve = SignedAmountField()
    amount = SignedAmountField()
    balance = AmountField(metadata={"description": "In the account afterwards."})
    posted_at = fields.DateTime()


class KindTotalSchema(ma.Schema):
    """All entries of one kind together."""

    kind = fields.Str(metadata={"example": "release"})
    count = fields.Int()
    amount = SignedAmountField()


class AccountDaySchema(ma.Schema):
    """A day of an account: opening balance + amounts = closing balance."""

    account = ReferenceField(attribute="account_id")
    kind = fields.Str(metadata={"enum": ["settlement", "reserve"]})
    opening = AmountField()
    lines = fields.List(fields.Nested(SettlementEntrySchema))
    totals = fields.List(fields.Nested(KindTotalSchema))
    closing = AmountField()


class DayStatementSchema(ma.Schema):
    """A local day, from `from_at` until just before `until_at`."""

    date = fields.Date(attribute="day")
    time_zone = fields.Str(attribute="zone", metadata={"example": "Africa/Nairobi"})
    from_at = fields.DateTime()
    until_at = fields.DateTime()
    is_complete = fields.Bool(metadata={"description": "False while entries may still come."})
    accounts = fields.List(fields.Nested(AccountDaySchema))


class FormatQuerySchema(ma.Schema):
    """How the statement is wanted; without a word, as the Accept header says."""

    format = fields.Str(validate=validate.OneOf(["json", "csv"]))


@blp.get("/balance")
@requires("merchant")
@blp.response(200, SettlementsSchema)
def get_balance() -> Mapping[str, tuple[Settlement, ...]]:
    """See what you are owed: available now, reserved, and held in open contracts"""
    own_id = caller().holder_id
    return {"items": settlements(current_service().engine, own_id, _zone(own_id))}


@blp.get("/terms")
@requires("merchant")
@blp.response(200, PricingSchema)
def get_terms() -> Mapping[str, Any]:
    """See the terms for payments from now on

    404 means that you have none, and pay no commission.
    """
    terms = version_in_force(current_service().engine, caller().holder_id)
    if terms is None:
        raise Refused(Code.NOT_FOUND)
    return shown(terms)


@blp.get("/statements/<day>", parameters=[_DAY])
@requires("merchant")
@blp.arguments(FormatQuerySchema, location="query")
@blp.response(200, DayStatementSchema)
@blp.doc(responses={200: {"content": {CSV: {"schema": {"type": "string"}}}}})
def get_statement(query: Mapping[str, Any], day: str) -> Statement | Response:
    """See a day of your settlement and reserve accounts, line by line

    The day is yours: midnight to midnight where you are. The lines add up to the closing balance.
    """
    service, own_id = current_service(), caller().holder_id
    found = statement(service.engine, own_id, _date(day), _zone(own_id), service.clock.now())
    if not _wants_csv(query.get("format")):
        return found
    answer = Response(as_csv(found), mimetype=CSV)
    name = f"statement-{found.day.isoformat()}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def as_csv(found: Statement) -> str:
    """Return a statement for a spreadsheet, one line an entry, none of them a formula."""
    page = io.StringIO(newline="")
    writer = csv.writer(page)
    writer.writerow(COLUMNS)
    for account in found.accounts:
        writer.writerows(map(_cell, row) for row in _rows(account, found))
    return page.getvalue()


def _rows(account: AccountDay, found: Statement) -> Iterator[tuple[str | None, ...]]:
    of = (account.kind, account.opening.currency)
    blanks = (None,) * (len(COLUMNS) - 6)
    yield (found.from_at.isoformat(), *of, None, "opening", *blanks, account.opening.text)
    for line in account.lines:
        original = None if line.original_id is None else reference(line.original_id)
        named = (reference(line.posting_id), line.kind, original, line.counterpart)
        amounts = (line.gross, line.commission, line.reserve, line.amount, line.balance)
        yield (line.posted_at.isoformat(), *of, *named, *(amount.text for amount in amounts))
    yield (found.until_at.isoformat(), *of, None, "closing", *blanks, account.closing.text)


def _cell(value: str | None) -> str:
    """Return a cell that no spreadsheet takes for a formula; an amount stays one."""
    if value is None:
        return ""
    if value[:1] in "=+-@\t\r\n" and not _A_NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def _wants_csv(asked: str | None) -> bool:
    if asked is not None:
        return asked == "csv"
    best = request.accept_mimetypes.best_match(["application/json", CSV], "application/json")
    return best == CSV


def _date(text: str) -> date:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Refused(Code.FORMAT_ERROR, field="date", expected="YYYY-MM-DD")


def _zone(holder_id: int) -> ZoneInfo:
    service = current_service()
    with service.engine.connect() as connection:
        return service.markets[profile_of(connection, holder_id).market].zone
