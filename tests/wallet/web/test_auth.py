"""Tokens as they come over HTTP, and the key under which money moves once."""

from uuid import UUID

import jwt
import pytest

from wallet.errors import Code, Refused
from wallet.people.tokens import AccessTokens, Caller
from wallet.web.auth import TOKENS, authenticate, idempotency_key

KEY = "5b0cf2c0-6f0e-4a3b-9a56-0c7f5f6a3c11"


@pytest.fixture
def token(app):
    return app.extensions[TOKENS].issue(Caller(7, frozenset({"consumer"})))


def code_of(app, call, *args, **headers):
    with app.test_request_context(headers=headers), pytest.raises(Refused) as refused:
        call(*args)
    return refused.value.code


@pytest.mark.parametrize("written", ["Bearer {}", "bearer {}", "BEARER  {}"])
def test_a_bearer_token_tells_who_calls(app, token, written):
    with app.test_request_context(headers={"Authorization": written.format(token)}):
        assert authenticate("consumer", "agent").holder_id == 7


@pytest.mark.parametrize(
    "written", [None, "", "{}", "Basic {}", "Bearer", "Bearer {} x", "Bearer é"]
)
def test_anything_else_tells_nothing(app, token, written):
    headers = {} if written is None else {"Authorization": written.format(token)}
    assert code_of(app, authenticate, **headers) is Code.UNAUTHENTICATED


def test_a_token_of_another_role_is_forbidden(app, token):
    found = code_of(app, authenticate, "agent", "operator", Authorization=f"Bearer {token}")
    assert found is Code.FORBIDDEN


def test_bad_tokens_are_told_apart_over_http(client, service, clock, callers):
    amina = callers.person()
    other_key = AccessTokens(b"o" * 32, clock).issue(Caller(amina.holder_id, frozenset()))
    unsigned = jwt.encode({"sub": "1", "exp": 1}, None, "none")
    clock.advance(minutes=9)
    assert amina.get("/v1/me").status_code == 200
    for bad in (other_key, unsigned, "x", amina.token[:-2]):
        answer = client.get("/v1/me", headers={"Authorization": f"Bearer {bad}"})
        assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated")
    clock.advance(minutes=1)
    answer = amina.get("/v1/me")
    assert (answer.status_code, answer.json["code"]) == (401, "token_expired")


@pytest.mark.parametrize("written", [KEY, KEY.upper(), KEY.replace("-", ""), f"urn:uuid:{KEY}"])
def test_an_idempotency_key_is_a_uuid(app, written):
    with app.test_request_context(headers={"Idempotency-Key": written}):
        assert idempotency_key() == UUID(KEY)


def test_without_a_key_nothing_moves(app):
    assert code_of(app, idempotency_key) is Code.KEY_MISSING
    assert code_of(app, idempotency_key, **{"Idempotency-Key": ""}) is Code.KEY_MISSING


@pytest.mark.parametrize("written", ["1", KEY[:-1], KEY + "0", "x" * 36, "٥" * 32])
def test_a_key_that_is_no_uuid_is_refused(app, written):
    found = code_of(app, idempotency_key, **{"Idempotency-Key": written.encode().decode("latin-1")})
    assert found is Code.KEY_MALFORMED
