"""The bank's files and what reconciliation leaves to people, for the operator's staff."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
from flask import request
from marshmallow import fields, validate

from wallet.banking.exceptions import BankDesk, ExceptionView, Page
from wallet.banking.intake import Intake
from wallet.banking.iso20022.camt053 import StatementGap
from wallet.banking.iso20022.documents import MAX_BYTES, BadDocument
from wallet.banking.order_files import accounts_of
from wallet.banking.reconcile import Reason, Reconciler
from wallet.banking.uploads import Uploaded, upload
from wallet.errors import Code, Refused
from wallet.web import examples
from wallet.web.auth import caller, requires
from wallet.web.pages import PageQuerySchema, PageSchema
from wallet.web.routing import Routes
from wallet.web.schemas import AmountField, ReferenceField, SignedAmountField, current_service

blp: Final = Routes(
    "bank",
    "/v1/bank",
    "Payouts against the bank's word, for the operator's staff.",
    long={"/files": MAX_BYTES},
)

FILE_TYPES: Final = ("application/xml", "text/xml")
NOTE_CHARACTERS: Final = 200
FILE_BODY: Final[Mapping[str, Any]] = {
    "required": True,
    "description": (
        "Statements (camt.053.001, versions 02 to 13), or a report on payments (pain.002.001, "
        "versions 03 to 14)."
    ),
    "content": {
        "application/xml": {
            "schema": {"type": "string", "format": "binary"},
            "example": examples.BANK_STATEMENT,
        }
    },
}


class BankFileSchema(ma.Schema):
    """What a file will bring, once another of the staff has approved it.

    One that was uploaded or taken before brings nothing.
    """

    id = ReferenceField(attribute="taken.id")
    message = fields.Str(attribute="taken.message", metadata={"example": "camt.053.001.08"})
    is_new = fields.Bool(attribute="taken.is_new")
    statements = fields.Int(attribute="taken.statements", metadata={"example": 1})
    lines = fields.Int(
        attribute="taken.lines",
        metadata={"description": "That no earlier statement had.", "example": 12},
    )
    answers = fields.Int(attribute="taken.answers", metadata={"example": 0})
    told = fields.List(
        fields.Str(),
        attribute="taken.told",
        metadata={"example": ["statement 17 of TRUST: KES 900.00 to KES 880.00, 2 new lines"]},
    )
    approval = ReferenceField(
        attribute="approval_id",
        allow_none=True,
        metadata={"description": "Where it waits for another; null: it was taken before."},
    )
    approval_state = fields.Str(
        allow_none=True, metadata={"enum": ["waiting", "approved", None], "example": "waiting"}
    )


class BankStatementSchema(ma.Schema):
    """A statement of an account of ours."""

    id = ReferenceField()
    name = fields.Str(metadata={"description": "The bank's id of it.", "example": "S-2026-005"})
    account = fields.Str(metadata={"example": "1100990011"})
    opening = SignedAmountField()
    closing = SignedAmountField()
    line_count = fields.Int(metadata={"example": 12})
    matched_count = fields.Int(metadata={"example": 11})
    file = fields.Str(metadata={"example": "statement-005.xml"})
    received_at = fields.DateTime()


class BankStatementPageSchema(PageSchema):
    """Statements, newest first."""

    items = fields.List(fields.Nested(BankStatementSchema))


class BankExceptionSchema(ma.Schema):
    """What fits nothing, or contradicts what is booked. Nothing has moved because of it."""

    id = ReferenceField()
    reason = fields.Str(metadata={"enum": [each.value for each in Reason]})
    raised_at = fields.DateTime()
    payout = ReferenceField(attribute="payout_id", allow_none=True)
    file = fields.Str(metadata={"example": "statement-005.xml"})
    refusal = fields.Str(allow_none=True, metadata={"example": None})
    amount = SignedAmountField(
        allow_none=True, metadata={"description": "Of a line; below zero where money went."}
    )
    booked_on = fields.Date(allow_none=True)
    bank_reference = fields.Str(allow_none=True, metadata={"example": "FT26005XK1"})
    our_reference = fields.Str(
        allow_none=True, metadata={"description": "As the bank gives it.", "example": "RENT"}
    )
    told = fields.Str(allow_none=True, metadata={"example": "Standing order"})
    status = fields.Str(
        allow_none=True, metadata={"description": "Of a report's answer.", "example": None}
    )
    resolution = fields.Str(allow_none=True, metadata={"enum": ["linked", "noted", None]})
    note = fields.Str(allow_none=True, metadata={"example": None})
    resolved_by = fields.Str(allow_none=True, metadata={"example": None})
    resolved_at = fields.DateTime(allow_none=True)


class BankExceptionPageSchema(PageSchema):
    """What waits, newest first."""

    items = fields.List(fields.Nested(BankExceptionSchema))


class BankExceptionQuerySchema(PageQuerySchema):
    """Whether what is resolved shall be shown too."""

    state = fields.Str(load_default="open", validate=validate.OneOf(["open", "all"]))


class BankResolutionSchema(ma.Schema):
    """Which payout a line shows; without one, only what was found out and done elsewhere."""

    payout = ReferenceField(metadata={"description": "Left out: the note is all there is to it."})
    note = fields.Str(
        required=True,
        validate=validate.Regexp(rf"\S(.{{0,{NOTE_CHARACTERS - 2}}}\S)?\Z"),
        metadata={"example": "The bank confirmed by phone: its own charge."},
    )


class PaidPayoutSchema(ma.Schema):
    """A payout the bank has paid, and the statement that shows it."""

    id = ReferenceField()
    amount = AmountField()
    settled_at = fields.DateTime()
    reconciled_at = fields.DateTime(allow_none=True)
    statement = fields.Str(allow_none=True, metadata={"example": "S-2026-005"})
    returned_at = fields.DateTime(allow_none=True)


class PaidPayoutPageSchema(PageSchema):
    """Payouts that were paid, newest first."""

    items = fields.List(fields.Nested(PaidPayoutSchema))


class PaidPayoutQuerySchema(PageQuerySchema):
    """Only those that a statement shows, or only those that none shows yet."""

    reconciled = fields.Bool()


@blp.post("/files")
@blp.doc(requestBody=FILE_BODY)
@requires("operator")
@blp.response(201, BankFileSchema)
@blp.alt_response(200, schema=BankFileSchema, description="It was taken before.")
def create_bank_file() -> tuple[Uploaded, int]:
    """Upload a file of the bank's: statements, or a report on payments; another approves

    It is taken whole or not at all, once: uploaded again it changes nothing. A statement opens with
    what the one before it of its account closed with (`statement_gap`); the first with anything,
    which the approver is told.
    """
    service = current_service()
    if request.mimetype not in FILE_TYPES:
        raise Refused(Code.UNSUPPORTED_MEDIA_TYPE, expected=", ".join(FILE_TYPES))
    request.max_content_length = MAX_BYTES
    raw, own_id, now = request.get_data(cache=False), caller().holder_id, service.clock.now()
    if len(raw) >= MAX_BYTES:  # without a length it has been cut there
        raise Refused(Code.BODY_TOO_LARGE, maximum=f"{MAX_BYTES} bytes")
    intake = Intake(service.engine, service.ids, accounts_of(service.settings))
    try:
        uploaded = upload(intake, service.poster, raw, own_id, now)
    except StatementGap as gap:
        refused = {"expected": gap.expected.text, "found": gap.found.text}
        raise Refused(Code.STATEMENT_GAP, reason=str(gap), **refused) from gap
    except BadDocument as error:
        raise Refused(Code.BANK_FILE_REFUSED, reason=str(error)) from error
    return uploaded, 201 if uploaded.taken.is_new else 200


@blp.get("/statements")
@requires("operator")
@blp.arguments(PageQuerySchema, location="query")
@blp.response(200, BankStatementPageSchema)
def list_statements(query: Mapping[str, Any]) -> Page:
    """See the bank's statements, newest first"""
    return desk().statements(query.get("before"), query["limit"])


@blp.get("/payouts")
@requires("operator")
@blp.arguments(PaidPayoutQuerySchema, location="query")
@blp.response(200, PaidPayoutPageSchema)
def list_paid(query: Mapping[str, Any]) -> Page:
    """See payouts to banks that were paid, and which statement shows each"""
    return desk().paid(query.get("before"), query["limit"], reconciled=query.get("reconciled"))


@blp.get("/exceptions")
@requires("operator")
@blp.arguments(BankExceptionQuerySchema, location="query")
@blp.response(200, BankExceptionPageSchema)
def list_exceptions(query: Mapping[str, Any]) -> Page:
    """See what of the bank's fits nothing and waits for somebody, newest first"""
    also_resolved = query["state"] == "all"
    return desk().exceptions(query.get("before"), query["limit"], also_resolved=also_resolved)


@blp.get("/exceptions/<reference:exception_id>")
@requires("operator")
@blp.response(200, BankExceptionSchema)
def get_exception(exception_id: int) -> ExceptionView:
    """See one of them"""
    return exception_of(exception_id)


@blp.post("/exceptions/<reference:exception_id>/resolutions")
@requires("operator")
@blp.arguments(BankResolutionSchema)
@blp.response(201, BankExceptionSchema)
def create_resolution(body: Mapping[str, Any], exception_id: int) -> ExceptionView:
    """Resolve one: link its line to the payout it shows, or note what it was

    Linked, the line acts as if it had borne the right reference: the amounts must be the same.
    """
    own_id, now = caller().holder_id, current_service().clock.now()
    desk().resolve(exception_id, own_id, body["note"], body.get("payout"), now)
    return exception_of(exception_id)


def exception_of(exception_id: int) -> ExceptionView:
    """Return an exception, or refuse."""
    view = desk().exception(exception_id)
    if view is None:
        raise Refused(Code.NOT_FOUND)
    return view


def desk() -> BankDesk:
    """Return the desk of the present application."""
    service = current_service()
    return BankDesk(Reconciler(service.engine, service.poster, service.ids))


ROUTES: Final = (blp,)
