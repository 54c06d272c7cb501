"""What moves money is keyed, what is guarded says so, and stale tokens open nothing anywhere."""

import re
from uuid import uuid4

import pytest

from wallet.running.application import all_routes
from wallet.web.auth import ROLES

MOVES_MONEY = {
    "/v1/sends",
    "/v1/payments",
    "/v1/cash-ins",
    "/v1/contracts/{contract_id}/releases",
    "/v1/contracts/{contract_id}/returns",
    "/v1/quotes/{quote_id}/acceptances",
    "/v1/payouts",
    "/v1/deposits",
}


@pytest.fixture
def operations(app):
    """Every documented operation: method, address with its gaps filled, what is said of it."""
    document = app.test_client().get("/openapi.json").json["paths"]
    return [
        (method.upper(), filled(path), operation)
        for path, methods in document.items()
        for method, operation in methods.items()
        if method in {"get", "post", "put", "patch", "delete"}
    ]


def filled(path):
    path = path.replace("{base}-{quoted}", "USD-KES").replace("{msisdn}", "+254711999999")
    return re.sub(r"\{\w+\}", "000000000001", path)


def is_keyed(operation):
    return any(each.get("name") == "Idempotency-Key" for each in operation.get("parameters", []))


def test_every_route_that_moves_money_is_keyed_and_says_when_it_replays(operations):
    keyed = {path: operation for _, path, operation in operations if is_keyed(operation)}
    assert keyed.keys() >= {filled(path) for path in MOVES_MONEY}
    for path, operation in keyed.items():
        headers = operation["responses"]["201"]["headers"]
        assert (path, [*headers]) == (path, ["Idempotency-Replayed"])


def test_every_keyed_post_is_an_act_but_for_the_upload_of_a_list(operations):
    """An upload takes a file and posts nothing; it is kept once under its key."""
    keyed = {path for method, path, operation in operations if is_keyed(operation)}
    rules = {act.rule for routes in all_routes() for act in routes.acts}
    acts = {filled(re.sub(r"<reference:(\w+)>", r"{\1}", rule)) for rule in rules}
    assert acts >= {filled(path) for path in MOVES_MONEY}
    assert keyed - acts == {"/v1/bulks"}
    assert acts <= keyed


def test_without_a_key_nothing_is_done(village, operations):
    anna = village.as_(village.person(), *ROLES)
    with village.unchanged():
        for method, path, operation in operations:
            if is_keyed(operation):
                answer = anna.call(method, path, {})
                assert (path, answer.json["code"]) == (path, "key_missing")


def test_an_expired_or_forged_token_opens_nothing(village, operations):
    anna = village.as_(village.person(), *ROLES)
    forged = anna.token[:-8] + ("A" * 8 if anna.token[-8:] != "A" * 8 else "B" * 8)
    village.service.clock.advance(minutes=11)
    with village.unchanged():
        for method, path, operation in operations:
            if operation.get("security"):
                old = anna.call(method, path, {}, key=uuid4())
                bearer = {"Authorization": f"Bearer {forged}"}
                false = anna.client.open(path, method=method, json={}, headers=bearer)
                codes = (old.json["code"], false.json["code"])
                assert (path, codes) == (path, ("token_expired", "unauthenticated"))
