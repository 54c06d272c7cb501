"""What no route may take, tried on every route that takes JSON: refused clearly, nothing changed.

The values of single fields are tried beside each route's own tests.
"""

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.document import bodies
from tests.wallet.web.test_who_may_call import WHO, filled
from wallet.ledger.books import totals

JSON = "application/json"
AS_JSON = {
    "empty": (b"", JSON, 400, "malformed"),
    "no JSON": (b"pin=7294&amount=250", JSON, 400, "malformed"),
    "cut short": (b'{"pin": "7294"', JSON, 400, "malformed"),
    "two": (b"{} {}", JSON, 400, "malformed"),
    "a list": (b"[{}]", JSON, 400, "malformed"),
    "a word": (b'"7294"', JSON, 400, "malformed"),
    "null": (b"null", JSON, 400, "malformed"),
    "NaN": (b'{"amount": NaN}', JSON, 400, "malformed"),
    "a name twice": (b'{"pin": "1", "pin": "2"}', JSON, 400, "malformed"),
    "a NUL": (rb'{"pin": "\u0000"}', JSON, 400, "malformed"),
    "half a character": (rb'{"pin": "\ud83d"}', JSON, 400, "malformed"),
    "another encoding": ('{"name": "Ámina"}'.encode("latin-1"), JSON, 400, "malformed"),
    "UTF-16": (r'{"pin": "\u0000"}'.encode("utf-16-le"), JSON, 400, "malformed"),
    "half a character as bytes": (b'{"pin": "\xed\xa0\x80"}', JSON, 400, "malformed"),
    "deep lists": (b'{"a":' + b"[" * 50_000, JSON, 400, "malformed"),
    "deep objects": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, JSON, 400, "malformed"),
    "an endless number": (b'{"a": %s}' % (b"9" * 60_000), JSON, 400, "malformed"),
    "nothing of use": (b"{}", JSON, 422, "format_error"),
    "unknown": (b'{"colour": "red"}', JSON, 422, "format_error"),
    "10 MB": (b'{"a":"%s"}' % (b"x" * 10_000_000), JSON, 413, "body_too_large"),
    "a form": (b"pin=7294", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
    "text": (b'{"pin": "7294"}', "text/plain", 415, "unsupported_media_type"),
    "no type": (b'{"pin": "7294"}', "", 415, "unsupported_media_type"),
    "XML": (b"<pin>7294</pin>", "application/xml", 415, "unsupported_media_type"),
}
MAY_BE_EMPTY = {
    "PATCH /v1/holders/<reference:holder_id>",
    "POST /v1/bulks/<reference:bulk_id>/confirmations",  # a partner has no PIN
    "POST /v1/approvals/<reference:approval_id>/approvals",  # there is nothing more to say
}
HOTTEST = {"POST /v1/sends", "POST /v1/payments"}
TAKE_FILES = {"POST /v1/bulks", "POST /v1/bank/files"}  # no JSON objects: beside their own tests


@pytest.fixture
def caller(village):
    """Somebody with every role there is."""
    somebody = village.merchant("Zawadi", balance=1_000_00)
    roles = {role for roles in WHO.values() if roles for role in roles}
    return village.as_(somebody, *roles)


def takers(app):
    """Every route of ours that takes a JSON body."""
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) & {"POST", "PUT", "PATCH"}:
            name = f"{method} {rule.rule}"
            if rule.rule.startswith("/v1/") and name not in TAKE_FILES:
                yield name, method, filled(app, rule)


TURNS = 5


def in_turn(app, what):
    """A fifth of the routes for each bad body, and the most called for all: every route sees
    bodies of every kind, though not each single one.
    """
    turn = list(AS_JSON).index(what)
    for number, (name, method, path) in enumerate(sorted(takers(app))):
        if name in HOTTEST or (number + turn) % TURNS == 0:
            yield name, method, path


@pytest.mark.parametrize("what", AS_JSON)
def test_a_bad_body_is_refused_by_every_route_and_changes_nothing(app, village, caller, what):
    raw, content_type, status, code = AS_JSON[what]
    headers = {"Content-Type": content_type} if content_type else {}
    with village.unchanged():
        for name, method, path in in_turn(app, what):
            if what == "nothing of use" and name in MAY_BE_EMPTY:
                continue
            answer = caller.call(method, path, key=uuid4(), data=raw, headers=headers)
            found = (name, answer.status_code, answer.json["code"])
            assert found == (name, status, code)
            assert "7294" not in answer.text


def test_an_unknown_field_is_named_by_every_route(app, village, caller):
    with village.unchanged():
        for name, method, path in takers(app):
            answer = caller.call(method, path, {"colour": "red"}, key=uuid4())
            assert answer.json["errors"]["colour"] == ["Unknown field."], name


def test_an_endless_field_name_is_cut(app, village, caller):
    for _, method, path in takers(app):
        answer = caller.call(method, path, {"x" * 30_000: 1}, key=uuid4())
        assert len(answer.data) < 2_000


WRONG: tuple[Any, ...] = (
    *(None, True, 7, 7.5, 10**30, "", "x", "😀", "٣", "x" * 40_000, "\u202e", "2026-01-05"),
    *([], [1], [None], {}, {"a": 1}, {"amount": "1", "currency": []}),
)


def test_wrong_values_are_never_our_fault_and_move_no_money(app, client, village, caller):
    """Each field of each body in turn. The PIN of the examples is not this caller's."""
    found = dict(bodies(client.get("/openapi.json").json))
    before = balances(village)
    for name, method, path in takers(app):
        good = found[name.replace("<reference:", "<").replace("<", "{").replace(">", "}")]
        for field in good:
            for wrong in WRONG:
                raw, headers = json.dumps({**good, field: wrong}), {"Content-Type": JSON}
                answer = caller.call(method, path, key=uuid4(), data=raw, headers=headers)
                assert answer.status_code < 500, (name, field, str(wrong)[:50], answer.text)
    assert balances(village) == before


def balances(village):
    """The totals of the books; accounts that were opened and stayed empty are nothing."""
    return [total for total in totals(village.service.engine) if total[2] != 0]
