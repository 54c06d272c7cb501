"""QR codes: a merchant's till as a code, as a picture, and read back before paying."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import marshmallow as ma
from flask import Response, url_for
from marshmallow import fields, validate

from wallet.clock import reference
from wallet.errors import Code, Refused
from wallet.merchants.order_records import check_unpaid
from wallet.merchants.records import OpenTill, till_of
from wallet.money import Money
from wallet.qr import MerchantCode
from wallet.qr.emv import MAX_PAYLOAD_CHARS, scanned
from wallet.qr.images import png, svg
from wallet.qr.keys import qr_key, read_payload, write_payload
from wallet.web import examples
from wallet.web.auth import caller, requires
from wallet.web.routing import Routes
from wallet.web.schemas import AmountField, TillField, current_service

blp: Final = Routes("qr-codes", "/v1", "Codes that customers scan to pay.")

LONGEST_LIFETIME_S: Final = 30 * 86400


class PayloadField(fields.Str):
    """What was scanned, without what the scanner adds."""

    def __init__(self, **metadata: Any) -> None:
        super().__init__(
            required=True, validate=validate.Length(1, MAX_PAYLOAD_CHARS), metadata=metadata
        )

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        return scanned(super()._deserialize(value, *args, **kwargs))


class QrRequestSchema(ma.Schema):
    """A code for one of your tills; with an amount, order or lifetime, for one payment.

    An order is one of its till's, and is paid once, by whichever of its codes.
    """

    till = TillField(required=True)
    amount = AmountField()
    order = fields.Str(
        validate=validate.Regexp(r"[!-~]([ -~]{0,23}[!-~])?\Z"), metadata={"example": "INV-17"}
    )
    lifetime_s = fields.Int(
        strict=True, validate=validate.Range(1, LONGEST_LIFETIME_S), metadata={"example": 900}
    )


class QrSchema(ma.Schema):
    """A code: what the picture says, and where the picture is."""

    payload = fields.Str()
    till = TillField()
    amount = AmountField(allow_none=True)
    order = fields.Str(allow_none=True)
    expires_at = fields.DateTime(allow_none=True)
    png = fields.Str(metadata={"description": "Address of the picture, for a screen."})
    svg = fields.Str(metadata={"description": "Address of the picture, for print."})


class PayloadSchema(ma.Schema):
    """What was scanned."""

    payload = PayloadField(example=examples.QR_PAYLOAD)


class DecodedSchema(ma.Schema):
    """Whom and what a code asks to pay. The name is the one in our books, not the code's."""

    till = TillField()
    merchant = fields.Str(metadata={"example": "Duka la Juma"})
    city = fields.Str(metadata={"example": "Nairobi"})
    currency = fields.Str(metadata={"example": "KES"})
    amount = AmountField(allow_none=True)
    order = fields.Str(allow_none=True)
    expires_at = fields.DateTime(allow_none=True)
    escrow_period_s = fields.Int(metadata={"example": 86400})


class CodeQuerySchema(ma.Schema):
    """Which code to draw."""

    code = PayloadField()


@blp.post("/qr-codes")
@requires("merchant")
@blp.arguments(QrRequestSchema)
@blp.response(201, QrSchema)
def create_qr_code(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Make a code for one of your tills

    The till alone makes a code for the wall, which is paid as often as people come. Any other is
    for one order, and is paid once; an order is drawn where you name none.
    """
    open_till = till_of(current_service().engine, body["till"])
    if open_till is None or open_till.till.merchant_id != caller().holder_id:
        raise Refused(Code.TILL_UNKNOWN)
    now = current_service().clock.now().replace(microsecond=0)  # a code counts whole seconds
    lifetime_s = body.get("lifetime_s")
    expires_at = None if lifetime_s is None else now + timedelta(seconds=lifetime_s)
    amount, order = body.get("amount"), body.get("order")
    if order is None and (amount is not None or expires_at is not None):
        order = reference(current_service().ids.next(now))
    check_unpaid(current_service().engine, body["till"], order)
    code = _code(open_till, amount, order, expires_at)
    payload = _payload(code, open_till, now)
    return {
        "payload": payload,
        "till": code.till,
        "amount": code.amount,
        "order": code.reference,
        "expires_at": code.expires_at,
        **{kind: _picture_at(kind, code.till, payload) for kind in ("png", "svg")},
    }


@blp.post("/qr-codes/decode")
@requires("consumer")
@blp.arguments(PayloadSchema)
@blp.response(200, DecodedSchema)
def decode_qr_code(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """See whom and what a scanned code asks to pay

    A code of another payment system is refused, with the name of its `owner` where it has one.
    One that was paid is refused, as paying it would be.
    """
    service = current_service()
    code = read_payload(body["payload"], qr_key(service.settings.token_key), service.clock.now())
    open_till = till_of(service.engine, code.till)
    if open_till is None:
        raise Refused(Code.TILL_UNKNOWN)
    check_unpaid(service.engine, code.till, code.reference)
    return {
        "till": code.till,
        "merchant": open_till.till.name,
        "city": open_till.till.city,
        "currency": code.currency,
        "amount": code.amount,
        "order": code.reference,
        "expires_at": code.expires_at,
        "escrow_period_s": open_till.till.escrow_period_s,
    }


@blp.get("/tills/<number>/qr.png")
@blp.arguments(CodeQuerySchema, location="query")
@blp.response(200, {"type": "string", "format": "binary"}, content_type="image/png")
def show_png(query: Mapping[str, Any], number: str) -> Response:
    """See a code as a picture for a screen

    Nobody need sign in, but only codes that we have sealed ourselves, for this till, are drawn.
    """
    return Response(png(_sealed(query["code"], number)), mimetype="image/png")


@blp.get("/tills/<number>/qr.svg")
@blp.arguments(CodeQuerySchema, location="query")
@blp.response(200, {"type": "string"}, content_type="image/svg+xml")
def show_svg(query: Mapping[str, Any], number: str) -> Response:
    """See a code as a picture for print, likewise"""
    return Response(svg(_sealed(query["code"], number)), mimetype="image/svg+xml")


def _code(
    open_till: OpenTill, amount: Money | None, order: str | None, expires_at: datetime | None
) -> MerchantCode:
    till = open_till.till
    currency = (
        current_service().markets[open_till.market].currency if amount is None else amount.currency
    )
    return MerchantCode(
        till=till.number,
        name=till.name,
        city=till.city,
        country=open_till.market,
        currency=currency,
        mcc=till.category,
        amount_minor=None if amount is None else amount.minor,
        reference=order,
        expires_at=expires_at,
    )


def _payload(code: MerchantCode, open_till: OpenTill, now: datetime) -> str:
    service = current_service()
    dial = service.markets[open_till.market].service_code
    return write_payload(code, qr_key(service.settings.token_key), issued_at=now, dial=dial)


def _sealed(payload: str, number: str) -> str:
    if read_payload(payload, qr_key(current_service().settings.token_key)).till != number:
        raise Refused(Code.TILL_UNKNOWN)
    return payload


def _picture_at(kind: str, number: str, payload: str) -> str:
    address = url_for(f"qr-codes.show_{kind}", query=None, number=number)
    return f"{address}?code={quote(payload, safe='')}"


ROUTES: Final = (blp,)
