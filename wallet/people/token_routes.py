"""Access tokens: from a code and a PIN, from a refresh token, from client credentials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import uuid4

import marshmallow as ma
from flask import Response, current_app, jsonify
from marshmallow import Schema, fields, validate

from wallet.errors import Refused
from wallet.people import prove_pin, refresh_tokens, sign_in
from wallet.people.partners import check_client
from wallet.people.roles import business_of, person_by_msisdn, person_of
from wallet.people.tokens import LIFETIME, Caller
from wallet.web import examples
from wallet.web.auth import TOKENS
from wallet.web.routing import Routes
from wallet.web.schemas import PinField, ReferenceField, current_service
from wallet.web.together import shape

NEEDED: Final[Mapping[str, frozenset[str]]] = {
    "sign_in": frozenset({"sign_in", "code", "pin"}),
    "refresh_token": frozenset({"refresh_token"}),
    "client_credentials": frozenset({"client_id", "client_secret"}),
}
EXAMPLES: Final = {
    "sign_in": {
        "summary": "A person, with the code from the SMS",
        "value": {
            "grant_type": "sign_in",
            "sign_in": "1QGDF9BM0K7J",
            "code": "123456",
            "pin": examples.CUSTOMER_PIN,
        },
    },
    "refresh_token": {
        "summary": "The next tokens; the one sent is used up",
        "value": {
            "grant_type": "refresh_token",
            "refresh_token": "Kq0Yy1l9kO2o3n6bq8m7d5r4s3t2u1v0w9x8y7z6A5B",
        },
    },
    "client_credentials": {
        "summary": "A partner or maker",
        "value": {
            "grant_type": "client_credentials",
            "client_id": "remit-house",
            "client_secret": "the secret shown once",
        },
    },
}

blp = Routes("tokens", "/v1/tokens", "Access tokens, and signing out.")

CodeField: Final = fields.Str(
    required=True,
    validate=validate.Regexp(r"^[0-9]{6}$", error="A code is six digits."),
    metadata={"example": "123456", "description": "From the SMS."},
)
OpaqueField: Final = validate.Length(1, 200)


class TokenRequestSchema(Schema):
    """What proves who asks: each grant type has fields of its own."""

    grant_type = fields.Str(
        required=True, validate=validate.OneOf(list(NEEDED)), metadata={"example": "sign_in"}
    )
    sign_in = ReferenceField()
    code = fields.Str(validate=CodeField.validators, metadata=CodeField.metadata)
    pin = PinField()
    refresh_token = fields.Str(
        validate=OpaqueField, metadata={"example": "Kq0Yy1l9kO2o3n6bq8m7d5r4s3t2u1v0w9x8y7z6A5B"}
    )
    client_id = fields.Str(validate=OpaqueField, metadata={"example": "remit-house"})
    client_secret = fields.Str(
        validate=OpaqueField, metadata={"example": "the secret shown once", "format": "password"}
    )

    TOGETHER: Final = tuple(
        shape(*needed, without=set().union(*NEEDED.values()) - needed, when={"grant_type": grant})
        for grant, needed in NEEDED.items()
    )

    @ma.validates_schema
    def check_grant(self, data: Mapping[str, Any], **_: object) -> None:
        """Refuse fields that the grant lacks, or does not know."""
        needed = NEEDED[data["grant_type"]]
        given = data.keys() - {"grant_type"}
        problems = {name: ["Missing data for required field."] for name in needed - given}
        problems.update({name: ["Unknown field for this grant."] for name in given - needed})
        if problems:
            raise ma.ValidationError(dict(problems))


class TokensSchema(Schema):
    """Send `access_token` as `Authorization: Bearer …`."""

    access_token = fields.Str(metadata={"example": "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJraWJ1YnUifQ"})
    token_type = fields.Str(metadata={"example": "Bearer"})
    expires_in = fields.Int(metadata={"example": 600, "description": "In seconds."})
    roles = fields.List(fields.Str(), metadata={"example": ["consumer"]})
    refresh_token = fields.Str(metadata={"description": "None for client credentials."})


class RevokeSchema(Schema):
    """The present refresh token of a sign-in."""

    refresh_token = fields.Str(
        required=True,
        validate=OpaqueField,
        metadata={"example": "Kq0Yy1l9kO2o3n6bq8m7d5r4s3t2u1v0w9x8y7z6A5B"},
    )


@blp.post("")
@blp.arguments(TokenRequestSchema, examples=EXAMPLES)
@blp.response(200, TokensSchema)
def create_tokens(body: dict[str, Any]) -> Response:
    """Get an access token

    By `sign_in`, with the code and the PIN; by `refresh_token`, which is used up by it: one that
    comes twice ends the whole sign-in; by `client_credentials`, for partners and makers.
    """
    return GRANTS[body["grant_type"]](body)


@blp.post("/revoke")
@blp.arguments(RevokeSchema)
@blp.response(204)
def revoke_tokens(body: dict[str, Any]) -> Response:
    """Sign out: no refresh token of this sign-in is good any more

    An access token lives on until it expires, ten minutes at most.
    """
    service = current_service()
    with service.engine.begin() as connection:
        refresh_tokens.revoke(connection, body["refresh_token"], service.clock.now())
    return Response(status=204)


def _by_sign_in(body: Mapping[str, Any]) -> Response:
    service = current_service()
    id_, key = body["sign_in"], service.settings.token_key
    msisdn = sign_in.check(service.engine, id_, body["code"], key=key, now=service.clock.now())
    with service.engine.connect() as connection:
        found = person_by_msisdn(connection, msisdn)
    # A new key each time: a replay would let a wrong PIN pass for the right one of before.
    service.poster.post(prove_pin.decide, prove_pin.Command(found.holder_id, uuid4(), body["pin"]))
    now = service.clock.now()
    with service.engine.begin() as connection:
        sign_in.use(connection, id_, now)
        family_id = service.ids.next(now)
        token = refresh_tokens.issue(connection, found.holder_id, family_id, now, key=key)
        return _answer(found, token)


def _by_refresh_token(body: Mapping[str, Any]) -> Response:
    service = current_service()
    with service.engine.begin() as connection:
        rotated = refresh_tokens.rotate(
            connection, body["refresh_token"], service.clock.now(), key=service.settings.token_key
        )
        if rotated.refusal is None:
            return _answer(person_of(connection, rotated.holder_id), rotated.token)
    raise Refused(rotated.refusal)


def _by_client_credentials(body: Mapping[str, Any]) -> Response:
    service = current_service()
    keys = service.settings.pin_keys
    with service.engine.connect() as connection:
        id_ = check_client(connection, body["client_id"], body["client_secret"], keys)
        return _answer(business_of(connection, id_), None)


def _answer(caller: Caller, refresh_token: str | None) -> Response:
    answer = {
        "access_token": current_app.extensions[TOKENS].issue(caller),
        "token_type": "Bearer",
        "expires_in": int(LIFETIME.total_seconds()),
        "roles": sorted(caller.roles),
    }
    if refresh_token is not None:
        answer["refresh_token"] = refresh_token
    response = jsonify(answer)
    response.headers["Cache-Control"] = "no-store"
    return response


GRANTS: Final[Mapping[str, Callable[[Mapping[str, Any]], Response]]] = {
    "sign_in": _by_sign_in,
    "refresh_token": _by_refresh_token,
    "client_credentials": _by_client_credentials,
}
