"""Bodies of acts: what is read the quick way means what the schema says, for every act."""

from typing import Any

import marshmallow as ma
import orjson
import pytest

from tests.document import bodies
from wallet.errors import Code, Refused
from wallet.escrow.payment_routes import PaymentSchema
from wallet.escrow.routes import ActSchema
from wallet.running.application import all_routes
from wallet.web.body_reader import BodyReader
from wallet.web.schemas import SERVING

ACTS = {act.rule: act for routes in all_routes() for act in routes.acts}


@pytest.fixture(autouse=True)
def serving(service):
    before = SERVING.set(service)
    yield
    SERVING.reset(before)


def examples(client):
    found = dict(bodies(client.get("/openapi.json").json))
    for rule, each in ACTS.items():
        path = rule.replace("<reference:", "{").replace(">", "}")
        yield rule, each.act.body, found[f"POST {path}"]


def shown(read, body):
    """What is read of a body, field by field; or that it is refused."""
    try:
        return {name: repr(value) for name, value in read(body).items()}
    except (Refused, ma.ValidationError):
        return "refused"


def test_every_acts_example_is_read_as_its_schema_reads_it(client):
    for rule, schema, body in examples(client):
        read = shown(BodyReader(schema).read, orjson.dumps(body))
        assert (rule, read) == (rule, shown(schema().load, body))


def test_what_an_act_leaves_out_is_not_there():
    assert BodyReader(ActSchema).read(b'{"pin": "7294"}').keys() == {"pin"}


BAD: tuple[tuple[dict[str, Any], dict[str, list[str]]], ...] = (
    ({}, {"pin": ["Missing data for required field."]}),
    ({"pin": "7294", "amount": 1}, {"amount": ["Invalid input type."]}),
    ({"pin": "7294", "dispute": 1}, {"dispute": ["Not a reference."]}),
    ({"pin": "1", "amount": {}, "tip": 1}, {
        "amount.amount": ["Missing data for required field."],
        "amount.currency": ["Missing data for required field."],
        "tip": ["Unknown field."],
    }),
)  # fmt: skip


@pytest.mark.parametrize(("body", "errors"), BAD)
def test_every_field_that_is_wrong_is_named(body, errors):
    with pytest.raises(Refused) as refused:
        BodyReader(ActSchema).read(orjson.dumps(body))
    assert (refused.value.code, refused.value.facts) == (Code.FORMAT_ERROR, {"errors": errors})


def test_what_is_missing_or_unknown_comes_before_a_value_that_is_refused():
    """As the order of the codes has it."""
    amount = {"amount": "0", "currency": "KES"}
    for body, code in (
        ({"pin": "1", "amount": amount, "tip": 1}, Code.FORMAT_ERROR),
        ({"amount": amount}, Code.FORMAT_ERROR),
        ({"pin": "1", "amount": amount}, Code.AMOUNT_NOT_POSITIVE),
        ({"pin": "1"}, Code.PIN_MALFORMED),
    ):
        with pytest.raises(Refused) as refused:
            BodyReader(ActSchema).read(orjson.dumps(body))
        assert (body, refused.value.code) == (body, code)


def test_only_the_ways_that_a_schema_names_are_plain():
    reader = BodyReader(PaymentSchema)
    amount = {"amount": "1.00", "currency": "KES"}
    assert reader.read(orjson.dumps({"till": "50001", "amount": amount, "pin": "7294"}))
    with pytest.raises(Refused) as refused:
        reader.read(orjson.dumps({"till": "50001", "pin": "7294"}))
    assert refused.value.facts["errors"] == {"amount": ["Missing data for required field."]}
