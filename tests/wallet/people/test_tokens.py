"""Access tokens: only what we signed, only for ten minutes."""

import base64
import json

import jwt
import pytest

from wallet.clock import reference
from wallet.errors import Code, Refused
from wallet.people import tokens
from wallet.people.tokens import LIFETIME, AccessTokens, Caller

KEY = b"k" * 32
WHO = Caller(1_234_567, frozenset({"agent", "consumer"}))


@pytest.fixture
def access(clock):
    return AccessTokens(KEY, clock)


def code_of(access, token):
    with pytest.raises(Refused) as refused:
        access.read(token)
    return refused.value.code


def claims(clock, **changes):
    exp = int(clock.now().timestamp()) + 60
    return {"iss": "kibubu", "sub": reference(1), "roles": ["agent"], "exp": exp, **changes}


def test_a_token_tells_who_it_was_issued_to(access):
    token = access.issue(WHO)
    assert access.read(token) == access.read(token) == WHO


def test_another_process_with_the_same_key_reads_it(access, clock):
    assert AccessTokens(KEY, clock).read(access.issue(WHO)) == WHO


@pytest.mark.parametrize("is_known", [True, False])
def test_a_token_lives_ten_minutes_remembered_or_not(access, clock, is_known):
    token = access.issue(WHO)
    if is_known:
        access.read(token)
    clock.advance(LIFETIME.seconds - 1)
    if is_known:
        assert access.read(token) == WHO
    clock.advance(1)
    assert code_of(access, token) is code_of(access, token) is Code.TOKEN_EXPIRED


def test_a_phone_number_is_no_part_of_it(access):
    shown = jwt.decode(access.issue(WHO), options={"verify_signature": False})
    assert shown.keys() == {"iss", "sub", "roles", "iat", "exp"}
    assert shown["sub"] == reference(WHO.holder_id)


def test_a_token_signed_with_another_key_is_refused(access, clock):
    other = AccessTokens(b"o" * 32, clock).issue(WHO)
    assert code_of(access, other) is Code.UNAUTHENTICATED


def test_an_unsigned_token_is_refused(access, clock):
    unsigned = jwt.encode(claims(clock), None, "none")
    assert code_of(access, unsigned) is Code.UNAUTHENTICATED


def test_a_token_of_another_algorithm_is_refused(access, clock):
    other = jwt.encode(claims(clock), KEY * 2, "HS512")
    assert code_of(access, other) is Code.UNAUTHENTICATED
    assert code_of(AccessTokens(KEY * 2, clock), other) is Code.UNAUTHENTICATED


def test_a_token_with_other_roles_under_the_old_signature_is_refused(access):
    head, body, signature = access.issue(WHO).split(".")
    found = json.loads(base64.urlsafe_b64decode(body + "=="))
    forged = json.dumps({**found, "roles": ["operator"]}).encode()
    body = base64.urlsafe_b64encode(forged).decode().rstrip("=")
    assert code_of(access, f"{head}.{body}.{signature}") is Code.UNAUTHENTICATED


@pytest.mark.parametrize(
    "changes",
    [
        *({"sub": "nobody"}, {"sub": reference(0)}),  # nobody calls as the worker
        *({"iss": "other"}, {"roles": "agent"}, {"roles": None}, {"exp": "later"}),
    ],
)
def test_a_signed_token_that_is_not_like_ours_is_refused(access, clock, changes):
    token = jwt.encode(claims(clock, **changes), KEY, "HS256")
    assert code_of(access, token) is Code.UNAUTHENTICATED


@pytest.mark.parametrize("missing", ["sub", "exp", "iss"])
def test_a_signed_token_without_a_claim_is_refused(access, clock, missing):
    found = claims(clock)
    del found[missing]
    assert code_of(access, jwt.encode(found, KEY, "HS256")) is Code.UNAUTHENTICATED


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "é", "\x00", "x" * 100_000, "eyJ.eyJ.e"])
def test_garbage_is_refused(access, token):
    assert code_of(access, token) is Code.UNAUTHENTICATED


def test_only_so_many_are_remembered(access, clock, monkeypatch):
    monkeypatch.setattr(tokens, "REMEMBERED", 3)
    issued = [access.issue(Caller(id_, frozenset())) for id_ in range(1, 6)]
    for token in issued:
        access.read(token)
    remembered = [caller.holder_id for caller, _ in access._verified.values()]
    assert remembered == [3, 4, 5]
    assert access.read(issued[0]).holder_id == 1


def test_what_is_refused_is_not_remembered(access, clock):
    code_of(access, "a.b.c")
    code_of(access, jwt.encode(claims(clock), b"o" * 32, "HS256"))
    assert access._verified == {}
