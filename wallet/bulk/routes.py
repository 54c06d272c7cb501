"""Bulk payments: one list pays many wallets; uploaded, confirmed, followed.

A partner pays from its prefund, anybody else from their wallet with their PIN.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import marshmallow as ma
from flask import Response, request, url_for
from marshmallow import fields, validate

from wallet.bulk import confirm, files, lists, reading
from wallet.bulk.faults import MEANS
from wallet.bulk.uploading import Upload, store
from wallet.clock import reference
from wallet.errors import Code, Refused
from wallet.money import CURRENCIES, Money
from wallet.web import examples
from wallet.web.acts import Act, ActRequest
from wallet.web.answers import REPLAYED_HEADER
from wallet.web.auth import caller, idempotency_key, keyed, requires
from wallet.web.pages import PageQuerySchema, PageSchema
from wallet.web.receipts import ReceiptSchema
from wallet.web.routing import Routes
from wallet.web.schemas import AmountField, PinField, ReferenceField, current_service
from wallet.web.statuses import TITLE

blp: Final = Routes(
    "bulks", "/v1/bulks", "Lists that pay many wallets at once.", long={"": lists.MAX_BYTES}
)

KINDS: Final = {
    "text/csv": lists.CSV,
    "application/jsonl": lists.JSON_LINES,
    "application/x-ndjson": lists.JSON_LINES,
}
LIST_BODY: Final[Mapping[str, Any]] = {
    "required": True,
    "content": {
        "text/csv": {
            "schema": {"type": "string"},
            "example": "msisdn,amount,currency,name,reference,note\n"
            f"{examples.RECEIVER},1500.00,KES,Wanjiru Kamau,W-001,Wages March\n",
        },
        "application/jsonl": {
            "schema": {"type": "string"},
            "example": f'{{"msisdn": "{examples.RECEIVER}", "amount": "1500.00", '
            '"currency": "KES", "reference": "W-001"}\n',
        },
    },
}
_FILE: Final = {"type": "string"}


class ListQuerySchema(ma.Schema):
    """What the list itself need not say."""

    currency = fields.Str(
        validate=validate.OneOf(sorted(CURRENCIES)),
        metadata={"example": "KES", "description": "Of all rows, where they name none."},
    )
    title = fields.Str(
        validate=validate.Length(1, 80),
        metadata={"example": "Wages March", "description": "What you call the list."},
    )


class PartSchema(ma.Schema):
    """Some of the rows, and what they come to."""

    rows = fields.Int(metadata={"example": 2})
    amount = AmountField(allow_none=True)


class BulkSchema(ma.Schema):
    """A list. `rejected` has mistakes, in `errors`; `checked` waits to be confirmed."""

    reference = ReferenceField()
    state = fields.Str(metadata={"enum": ["rejected", "checked", "posting", "done"]})
    title = fields.Str(allow_none=True, metadata={"example": "Wages March"})
    total = fields.Nested(PartSchema)
    fee = AmountField(allow_none=True, metadata={"description": "Of all rows, on top."})
    waiting = fields.Nested(PartSchema)
    paid = fields.Nested(PartSchema)
    held = fields.Nested(
        PartSchema, metadata={"description": "For numbers that have to register first."}
    )
    refused = fields.Nested(PartSchema)
    fee_taken = AmountField(allow_none=True)
    returned = AmountField(
        allow_none=True, metadata={"description": "Refused rows and their fees."}
    )
    bad_rows = fields.Int(metadata={"example": 0})
    errors = fields.Str(allow_none=True, metadata={"example": None})
    rows = fields.Str(allow_none=True, metadata={"example": "/v1/bulks/1QGDF9BM0K7J/rows"})
    uploaded_at = fields.DateTime()
    confirmed_at = fields.DateTime(allow_none=True)
    done_at = fields.DateTime(allow_none=True)


class BulkPageSchema(PageSchema):
    """My lists, newest first."""

    items = fields.List(fields.Nested(BulkSchema))


class ConfirmationSchema(ma.Schema):
    """A person's PIN; a partner sends none."""

    pin = PinField()


class BulkReceiptSchema(ReceiptSchema):
    """A list whose money has been set aside: its rows are being paid."""

    bulk = ReferenceField()
    rows = fields.Int(metadata={"example": 2})
    amount = AmountField()
    fee = AmountField()
    balance = AmountField()


class RowsQuerySchema(ma.Schema):
    """How the rows are wanted."""

    format = fields.Str(
        load_default="csv",
        validate=validate.OneOf(["csv", "jsonl"]),
        metadata={"example": "csv"},
    )


CONFIRMATION: Final = Act(
    body=ConfirmationSchema,
    roles=("partner", "consumer"),
    decide=confirm.decide,
    receipt=BulkReceiptSchema,
)


@blp.post("")
@blp.doc(requestBody=LIST_BODY)
@requires("partner", "consumer")
@keyed
@blp.arguments(ListQuerySchema, location="query")
@blp.response(201, BulkSchema)
def create_bulk(query: Mapping[str, Any]) -> tuple[Mapping[str, Any], int, Mapping[str, str]]:
    """Upload a list of payments

    CSV with a first line of column names, or a JSON object a line; UTF-8; up to 100,000 rows.
    Commas, semicolons or tabs stand between cells; empty rows and columns are left out.
    Columns: `msisdn` and `amount`; `currency`, `name`, `reference`, `note` where you like. One
    number may stand in several rows only with different references. Nothing moves yet: the list
    is checked as a whole, and one mistake, wherever it is, rejects all of it.
    """
    service, key = current_service(), idempotency_key()
    kind = KINDS.get(request.mimetype)
    if kind is None:
        raise Refused(Code.UNSUPPORTED_MEDIA_TYPE, expected=", ".join(KINDS))
    upload = Upload(
        caller().holder_id, _source(), key, _body(), kind, query.get("currency"), query.get("title")
    )
    now = service.clock.now()
    stored = store(
        service.engine, upload, service.ids.next(now), now, service.settings.market, service.markets
    )
    headers = {REPLAYED_HEADER: "true"} if stored.replayed else {}
    return _shown(_own(stored.bulk_id)), 201, headers


@blp.get("")
@requires("partner", "consumer")
@blp.arguments(PageQuerySchema, location="query")
@blp.response(200, BulkPageSchema)
def list_bulks(query: Mapping[str, Any]) -> Mapping[str, Any]:
    """See your lists, newest first"""
    found = reading.bulks_of(
        current_service().engine, caller().holder_id, query.get("before"), query["limit"]
    )
    return {"items": [_shown(each) for each in found.items], "next_cursor": found.next_cursor}


@blp.get("/<reference:bulk_id>")
@requires("partner", "consumer")
@blp.response(200, BulkSchema)
def get_bulk(bulk_id: int) -> Mapping[str, Any]:
    """See how far one of your lists is"""
    return _shown(_own(bulk_id))


@blp.act("/<reference:bulk_id>/confirmations", CONFIRMATION)
def create_confirmation(request: ActRequest) -> confirm.Command:
    """Pay a checked list

    Its total and all fees leave your account at once; the rows are paid one after the other. What
    cannot be paid comes back at the end, with its fees. It cannot be stopped.
    """
    return confirm.Command(request.actor, request.key, request.body.get("pin"), request.id)


@blp.get("/<reference:bulk_id>/errors")
@requires("partner", "consumer")
@blp.response(200, _FILE, content_type="text/csv")
def show_errors(bulk_id: int) -> Response:
    """Download what is wrong with a list, row by row, as CSV"""
    _own(bulk_id)
    faults = reading.faults_of(current_service().engine, bulk_id)
    means: dict[str, str] = dict(TITLE) | dict(MEANS)
    return _file(files.faults_csv(faults, means), "text/csv", f"{reference(bulk_id)}-errors.csv")


@blp.get("/<reference:bulk_id>/rows")
@requires("partner", "consumer")
@blp.arguments(RowsQuerySchema, location="query")
@blp.response(200, _FILE, content_type="text/csv")
@blp.doc(responses={200: {"content": {lists.JSON_LINES: {"schema": _FILE}}}})
def show_rows(query: Mapping[str, Any], bulk_id: int) -> Response:
    """Download what has become of each row so far, as CSV or JSON lines"""
    rows = reading.rows_of(current_service().engine, _own(bulk_id).bulk)
    name = f"{reference(bulk_id)}.{query['format']}"
    if query["format"] == "csv":
        return _file(files.rows_csv(rows), "text/csv", name)
    return _file(files.rows_jsonl(rows), lists.JSON_LINES, name)


def _source() -> str:
    return "prefund" if "partner" in caller().roles else "wallet"


def _body() -> bytes:
    """Return the list as it came. Longer bodies than of other routes are taken, only here."""
    request.max_content_length = lists.MAX_BYTES
    raw = request.get_data(cache=False)
    if len(raw) >= lists.MAX_BYTES:  # without a length it has been cut there
        raise Refused(Code.BODY_TOO_LARGE, maximum=f"{lists.MAX_BYTES} bytes")
    return raw


def _file(chunks: Iterator[bytes], mimetype: str, name: str) -> Response:
    disposition = f'attachment; filename="{name}"'
    return Response(chunks, mimetype=mimetype, headers={"Content-Disposition": disposition})


def _own(bulk_id: int) -> reading.BulkView:
    found = reading.bulk_of(current_service().engine, caller().holder_id, bulk_id)
    if found is None:
        raise Refused(Code.NOT_FOUND)
    return found


def _shown(view: reading.BulkView) -> Mapping[str, Any]:
    bulk, tally = view
    is_good = bulk.state != "rejected"

    def money(minor: int | None) -> Money | None:
        return Money(bulk.currency, minor) if is_good and minor is not None else None

    def part(rows: int, minor: int) -> Mapping[str, Any]:
        return {"rows": rows, "amount": money(minor)}

    done_rows = tally.paid_rows + tally.held_rows + tally.refused_rows
    done_minor = tally.paid_minor + tally.held_minor + tally.refused_minor
    return {
        "reference": bulk.id,
        "state": bulk.state,
        "title": bulk.title,
        "total": part(bulk.row_count, bulk.amount_minor),
        "fee": money(bulk.fee_minor),
        "waiting": part(bulk.row_count - done_rows, bulk.amount_minor - done_minor),
        "paid": part(tally.paid_rows, tally.paid_minor),
        "held": part(tally.held_rows, tally.held_minor),
        "refused": part(tally.refused_rows, tally.refused_minor),
        "fee_taken": money(tally.fee_minor),
        "returned": money(bulk.returned_minor),
        "bad_rows": bulk.bad_rows,
        "errors": None if is_good else url_for("bulks.show_errors", query=None, bulk_id=bulk.id),
        "rows": url_for("bulks.show_rows", query=None, bulk_id=bulk.id) if is_good else None,
        "uploaded_at": bulk.uploaded_at,
        "confirmed_at": bulk.confirmed_at,
        "done_at": bulk.done_at,
    }


ROUTES: Final = (blp,)
