"""Who may call what: one table, held to the application's own routes and to its document."""

import re
from uuid import uuid4

import pytest

ANYBODY = "anybody"  # needs no token
EVERYBODY = "everybody"  # whoever is signed in
ROLES = ("consumer", "agent", "merchant", "operator", "partner", "maker")

WHO_MAY_CALL = {
    ("POST", "/v1/registrations"): ANYBODY,
    ("POST", "/v1/sign-ins"): ANYBODY,
    ("POST", "/v1/tokens"): ANYBODY,
    ("POST", "/v1/tokens/revoke"): ANYBODY,
    ("GET", "/v1/tills/{number}/qr.png"): ANYBODY,
    ("GET", "/v1/tills/{number}/qr.svg"): ANYBODY,
    ("GET", "/v1/me"): EVERYBODY,
    ("PATCH", "/v1/me"): EVERYBODY,
    ("GET", "/v1/names/{msisdn}"): EVERYBODY,
    ("GET", "/v1/wallets"): EVERYBODY,
    ("GET", "/v1/wallets/{account_id}/entries"): EVERYBODY,
    ("GET", "/v1/transactions"): EVERYBODY,
    ("GET", "/v1/transactions/{posting_id}"): EVERYBODY,
    ("POST", "/v1/wallets"): "consumer",
    ("POST", "/v1/pin-changes"): "consumer",
    ("POST", "/v1/sends"): "consumer",
    ("POST", "/v1/payments"): "consumer",
    ("POST", "/v1/qr-codes/decode"): "consumer",
    ("GET", "/v1/contracts"): "consumer",
    ("GET", "/v1/contracts/{contract_id}"): "consumer",
    ("POST", "/v1/contracts/{contract_id}/releases"): "consumer",
    ("POST", "/v1/contracts/{contract_id}/returns"): "consumer",
    ("POST", "/v1/agents/registrations"): "agent",
    ("POST", "/v1/cash-ins"): "agent",
    ("POST", "/v1/qr-codes"): "merchant",
    ("POST", "/v1/payouts"): "merchant",
    ("GET", "/v1/payouts"): "merchant",
    ("GET", "/v1/payouts/{payout_id}"): "merchant",
    ("POST", "/v1/quotes"): "partner",
    ("GET", "/v1/quotes/{quote_id}"): "partner",
    ("POST", "/v1/quotes/{quote_id}/acceptances"): "partner",
    ("PUT", "/v1/prices/{base}-{quoted}"): "maker",
    ("DELETE", "/v1/prices/{base}-{quoted}"): "maker",
    ("POST", "/v1/merchants"): "operator",
    ("POST", "/v1/agents"): "operator",
    ("POST", "/v1/partners"): "operator",
    ("POST", "/v1/deposits"): "operator",
    ("PATCH", "/v1/holders/{holder_id}"): "operator",
    ("PUT", "/v1/rates/{base}-{quoted}"): "operator",
}
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
def document(app):
    return app.test_client().get("/openapi.json").json["paths"]


def operations(document):
    for path, methods in document.items():
        for method, operation in methods.items():
            if path.startswith("/v1/") and method in {"get", "post", "put", "patch", "delete"}:
                yield (method.upper(), path), operation


def address(path):
    """Fill a path's places with what exists nowhere."""
    filled = path.replace("{base}-{quoted}", "USD-KES").replace("{msisdn}", "+254711999999")
    return re.sub(r"\{\w+\}", "000000000001", filled)


def test_the_table_names_every_route(app, document):
    served = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/v1/")
    }
    assert served == set(WHO_MAY_CALL)
    assert {name for name, _ in operations(document)} == served


def test_a_route_lets_in_its_role_and_no_other(village):
    anna = village.person()
    everyone = {role: village.as_(anna, role) for role in ROLES}
    for (method, path), allowed in WHO_MAY_CALL.items():
        for role, someone in everyone.items():
            answer = someone.call(method, address(path), {}, key=uuid4())
            may = allowed in {ANYBODY, EVERYBODY, role}
            is_refused = answer.get_json(silent=True, force=True).get("code") == "forbidden"
            assert (method, path, role, is_refused) == (method, path, role, not may)


def test_without_a_token_only_the_open_routes_answer(village):
    client = village.app.test_client()
    with village.unchanged():
        for (method, path), allowed in WHO_MAY_CALL.items():
            answer = client.open(address(path), method=method, json={})
            is_refused = answer.json["code"] == "unauthenticated"
            assert (method, path, is_refused) == (method, path, allowed != ANYBODY)


def test_an_expired_or_forged_token_opens_nothing(village):
    anna = village.as_(village.person(), *ROLES)
    forged = anna.token[:-4] + ("AAAA" if anna.token[-4:] != "AAAA" else "BBBB")
    village.service.clock.advance(minutes=11)
    with village.unchanged():
        for (method, path), allowed in WHO_MAY_CALL.items():
            if allowed != ANYBODY:
                old = anna.call(method, address(path), {}, key=uuid4())
                bearer = {"Authorization": f"Bearer {forged}"}
                false = anna.client.open(address(path), method=method, json={}, headers=bearer)
                codes = (old.json["code"], false.json["code"])
                assert (path, codes) == (path, ("token_expired", "unauthenticated"))


def test_the_document_says_the_same(document):
    for name, operation in operations(document):
        allowed = WHO_MAY_CALL[name]
        roles = {ANYBODY: None, EVERYBODY: ["any"]}.get(allowed, [allowed])
        assert (name, operation.get("x-roles")) == (name, roles)
        assert (name, operation["security"] == []) == (name, allowed == ANYBODY)


def test_every_route_that_moves_money_is_keyed_and_says_when_it_replays(document):
    keyed = {
        path
        for (_, path), operation in operations(document)
        if any(each.get("name") == "Idempotency-Key" for each in operation.get("parameters", []))
    }
    assert keyed >= MOVES_MONEY
    for path in MOVES_MONEY:
        headers = document[path]["post"]["responses"]["201"]["headers"]
        assert (path, [*headers]) == (path, ["Idempotency-Replayed"])
