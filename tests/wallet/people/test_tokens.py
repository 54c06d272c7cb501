"""Access tokens: only what we signed, only for ten minutes."""

import base64
import hmac
import json
from datetime import UTC, datetime
from itertools import product

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwt.utils import base64url_encode

from wallet.clock import FakeClock, reference
from wallet.errors import Code, Refused
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


@pytest.mark.parametrize("header", [{}, {"kid": "1"}])  # the second is for PyJWT to read
def test_a_token_lives_ten_minutes_whoever_reads_it(access, clock, header):
    found = jwt.decode(access.issue(WHO), KEY, ["HS256"], {"verify_exp": False})
    token = jwt.encode(found, KEY, "HS256", header)
    clock.advance(LIFETIME.seconds - 1)
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


def test_our_own_tokens_are_read_without_pyjwt(access, monkeypatch):
    monkeypatch.setattr(jwt, "decode", None)
    assert access.read(access.issue(WHO)) == WHO


def test_a_header_in_another_order_is_as_good(access, clock):
    other = signed(b'{"typ":"JWT","alg":"HS256"}', claims(clock))
    assert other.partition(".")[0] != access.issue(WHO).partition(".")[0]
    assert access.read(other) == Caller(1, frozenset({"agent"}))


class ByPyJwt(AccessTokens):
    """Leaves every token to PyJWT."""

    def _plain_claims(self, token):
        return None


NOW = FakeClock(datetime(2026, 1, 5, 9, 0, tzinfo=UTC))
READERS = (AccessTokens(KEY, NOW), ByPyJwt(KEY, NOW))
OURS = READERS[0].issue(WHO)
HEADERS = [
    *(b'{"alg":"HS256","typ":"JWT"}', b'{"typ":"JWT","alg":"HS256"}', b'{"alg":"HS256"}'),
    *(b'{"alg":"none","typ":"JWT"}', b'{"alg":"HS512","typ":"JWT"}', b"{}", b"[]", b"\xff"),
]
VALUES = st.one_of(
    *(st.none(), st.booleans(), st.integers(-(2**40), 2**40), st.text("aZ0 é", max_size=4)),
    *(
        st.just(reference(7)),
        st.just("kibubu"),
        st.lists(st.sampled_from(["agent", 1, None]), max_size=2),
    ),
)


def signed(header, body):
    """A token of any header and body, under our key."""
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    message = base64url_encode(header) + b"." + base64url_encode(written)
    return signed_as_is(message.decode())


def signed_as_is(message):
    signature = hmac.digest(KEY, message.encode(), "sha256")
    return f"{message}.{base64url_encode(signature).decode()}"


def told_by(reader, token):
    try:
        return reader.read(token)
    except Refused as refused:
        return refused.code


def spoilt(text):
    """Every text that has one letter changed, left out or put in: a few thousand."""
    for at, instead in product(range(len(text)), [*"AZaz09-_+/=. \n", "é", ""]):
        yield text[:at] + instead + text[at + 1 :]
        yield text[:at] + instead + text[at:]


def test_both_readers_say_the_same_of_every_spoilt_token():
    for token in set(spoilt(OURS)) - {OURS}:
        assert {told_by(each, token) for each in READERS} == {Code.UNAUTHENTICATED}, token


def test_both_readers_say_the_same_of_every_spoilt_message_that_is_signed():
    for message in spoilt(OURS.rpartition(".")[0]):
        token = signed_as_is(message)
        assert told_by(READERS[0], token) == told_by(READERS[1], token), token


@given(
    st.sampled_from(HEADERS),
    st.dictionaries(st.sampled_from(["iss", "sub", "roles", "iat", "exp", "aud", "nbf"]), VALUES),
    st.sets(st.sampled_from(["iss", "sub", "roles", "exp"]), max_size=1),
)
def test_both_readers_say_the_same_of_whatever_is_signed(header, changed, missing):
    found = {**claims(NOW), "iat": 0, **changed}
    token = signed(header, {name: found[name] for name in found.keys() - missing})
    assert told_by(READERS[0], token) == told_by(READERS[1], token)


@given(st.binary(max_size=40))
def test_both_readers_say_the_same_of_any_bytes_that_are_signed(body):
    token = signed(HEADERS[0], body)
    assert told_by(READERS[0], token) == told_by(READERS[1], token) == Code.UNAUTHENTICATED
