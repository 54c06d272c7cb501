"""The skeleton: what a blueprint that follows the house rules gets from it."""

import pytest
from flask import Flask
from marshmallow import Schema, fields

from wallet.web.auth import caller, idempotency_key, keyed, requires
from wallet.web.errors import ProblemApi
from wallet.web.routing import Routes
from wallet.web.schemas import AmountField, PhoneField, PinField, ReferenceField


class TrySchema(Schema):
    amount = AmountField(required=True)
    receiver = PhoneField()
    pin = PinField()
    contract = ReferenceField()
    note = fields.Str()


class TriedSchema(Schema):
    amount = AmountField()
    receiver = fields.Str()
    contract = ReferenceField()
    pin = fields.Str()


routes = Routes("tries", "/v1/tries", "For tests.")


@routes.post("/<reference:try_id>")
@requires("consumer")
@keyed
@routes.arguments(TrySchema)
@routes.response(201, TriedSchema)
def create_try(body, try_id):
    """Try."""
    assert caller().holder_id
    assert str(idempotency_key()) == KEY
    return {**body, "contract": try_id, "pin": repr(body.get("pin"))}


@pytest.fixture
def app(own_app: Flask) -> Flask:
    api: ProblemApi = own_app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
    api.register_blueprint(routes)
    return own_app


BODY = {"amount": {"amount": "250.00", "currency": "KES"}, "receiver": "0711000002", "pin": "7294"}
KEY = "5b0cf2c0-6f0e-4a3b-9a56-0c7f5f6a3c11"


def test_fields_become_what_flows_work_with(callers):
    answer = callers.person().post("/v1/tries/1QGDF9BM0K7J", BODY, key=KEY)
    assert (answer.status_code, answer.json) == (
        201,
        {
            "amount": {"amount": "250.00", "currency": "KES"},
            "receiver": "+254711000002",
            "contract": "1QGDF9BM0K7J",
            "pin": "Pin(****)",
        },
    )


def test_a_view_s_marks_are_documented(app):
    api: ProblemApi = app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
    operation = api.spec.to_dict()["paths"]["/v1/tries/{try_id}"]["post"]
    assert operation["security"] == [{"bearer": []}]
    assert operation["x-roles"] == ["consumer"]
    assert [each["name"] for each in operation["parameters"]] == ["Idempotency-Key"]
    assert "Idempotency-Replayed" in operation["responses"]["201"]["headers"]
    assert operation["responses"]["default"] == {"$ref": "#/components/responses/DEFAULT_ERROR"}
