"""Whatever a socket says: real web processes are sent bytes that no client library would send."""

import json
import socket
import time
from dataclasses import replace
from functools import partial

import pytest

from tests.callers import PIN
from wallet.clock import SystemClock
from wallet.people.tokens import AccessTokens, Caller
from wallet.running import web_processes
from wallet.running.settings import read_settings
from wallet.running.supervisor import forked
from wallet.running.town.processes import free_port
from wallet.running.web_processes import load, serve_application
from wallet.web import receiving
from wallet.web.errors import MEDIA_TYPE

PATIENCE_S = 60
CHUNKED = b"Transfer-Encoding: chunked\r\n"
JSON = b"Content-Type: application/json\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
HOP = b"/ussd/africastalking?token=development-callback"
REPORT = b"/sms/africastalking/report?token=development-callback"
MOMO = b"/callbacks/mtn-momo?token=development-callback"

BROKEN_BODIES = {
    "a size that is no number": CHUNKED + b"\r\nzz\r\nabc\r\n0\r\n\r\n",
    "a size below zero": CHUNKED + b"\r\n-1\r\nabc\r\n0\r\n\r\n",
    "a size beyond all bounds": CHUNKED + b"\r\nffffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    "a chunk that does not end": CHUNKED + b"\r\n3\r\nabcX0\r\n\r\n",
    "a trailer that is none": CHUNKED + b"\r\n3\r\nabc\r\n0\r\nno trailer\r\n\r\n",
}
HALF_BODIES = {
    "half a body": b"Content-Length: 10\r\n\r\nabc",
    "nothing of a body": b"Content-Length: 10\r\n\r\n",
    "half a chunk": CHUNKED + b"\r\n5\r\nab",
    "nothing of a chunk": CHUNKED + b"\r\n",
}


class Served:
    """Web processes of the real application, and what they have logged."""

    def __init__(self, town, redis_url):
        engine = town.service.engine.url.render_as_string(hide_password=False)
        self.settings = replace(
            read_settings({}), http_port=free_port("127.0.0.1"), web_processes=1, web_threads=8
        )
        loader = partial(load, self.settings, engine, redis_url)
        run = partial(serve_application, self.settings, loader, interface="asginl")
        self.process = forked("serve", run)
        tokens = AccessTokens(self.settings.token_key, SystemClock())
        someone = town.person(balance=100_000)
        issued = tokens.issue(Caller(someone.id, frozenset({"consumer"})))
        self.token = b"Authorization: Bearer " + issued.encode() + b"\r\n"

    def says(self, sent, *, then=b""):
        """Send bytes, hear everything until the connection is closed; the status, head and body."""
        with socket.create_connection(("127.0.0.1", self.settings.http_port), PATIENCE_S) as it:
            it.sendall(sent)
            if then:
                it.sendall(then)
            heard = b""
            while read := it.recv(65536):
                heard += read
        head, _, body = heard.partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), head.lower(), body


@pytest.fixture(scope="module")
def served(shared_town, servers):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(receiving, "PATIENCE_S", 0.2)
        patch.setattr(web_processes, "HEADERS_S", 3)
        served = Served(shared_town, servers.redis_url)
    until_it_serves(served)
    yield served
    served.process.terminate()
    served.process.join(PATIENCE_S)
    assert served.process.exitcode == 0


def until_it_serves(served):
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return served.says(request(b"GET", b"/health/live", b"Connection: close\r\n\r\n"))
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def request(method, path, rest):
    return method + b" " + path + b" HTTP/1.1\r\nHost: x\r\n" + rest


def an_act(served, rest):
    key = b"Idempotency-Key: 6f6d3a9e-5d0c-4f6e-9a5f-0d3b8c1e2a47\r\n"
    return request(b"POST", b"/v1/sends", served.token + key + JSON + rest)


def problem(heard):
    status, head, body = heard
    assert f"content-type: {MEDIA_TYPE}".encode() in head
    found = json.loads(body)
    assert found["status"] == status
    return status, found["code"]


@pytest.mark.parametrize("rest", BROKEN_BODIES.values(), ids=BROKEN_BODIES)
def test_a_body_that_is_none_is_malformed_to_all_who_read_it(served, rest):
    assert problem(served.says(an_act(served, rest))) == (400, "malformed")
    sign_in = request(b"POST", b"/v1/sign-ins", JSON + rest)
    assert problem(served.says(sign_in)) == (400, "malformed")


@pytest.mark.parametrize("rest", [*BROKEN_BODIES.values(), *HALF_BODIES.values()])
def test_gateways_hear_of_it_in_their_own_form(served, rest):
    status, head, body = served.says(request(b"POST", HOP, FORM + rest))
    assert (status, body[:4]) == (200, b"END ")
    status, head, body = served.says(request(b"POST", REPORT, FORM + rest))
    assert (status in {400, 408}, b"text/plain" in head) == (True, True)
    assert served.says(request(b"POST", MOMO, JSON + rest))[0] == 204


@pytest.mark.parametrize("rest", HALF_BODIES.values(), ids=HALF_BODIES)
def test_a_body_that_does_not_come_is_not_waited_for_without_end(served, rest):
    assert problem(served.says(an_act(served, rest))) == (408, "request_timeout")
    sign_in = request(b"POST", b"/v1/sign-ins", JSON + rest)
    assert problem(served.says(sign_in)) == (408, "request_timeout")


@pytest.mark.parametrize("path", [b"/health/live", b"/metrics"])
def test_what_reads_no_body_answers_whatever_ails_it(served, path):
    for rest in (*BROKEN_BODIES.values(), *HALF_BODIES.values()):
        assert served.says(request(b"GET", path, rest))[0] == 200


def test_a_callback_that_is_too_long_is_answered_as_any_other(served):
    body = b'{"a":"' + b"x" * 70_000 + b'"}'
    with_length = JSON + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body
    without = JSON + CHUNKED + b"Connection: close\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    for rest in (with_length, without):
        assert served.says(request(b"PUT", MOMO, rest))[0] == 204


@pytest.mark.parametrize("path", [b"/v1/bulks?currency=KES", b"/v1/bank/files"])
def test_a_stranger_s_upload_is_refused_unread(served, path):
    rest = b"Content-Type: text/csv\r\nContent-Length: 8000000\r\nExpect: 100-continue\r\n\r\n"
    _, head, _ = heard = served.says(request(b"POST", path, rest))
    assert problem(heard) == (401, "unauthenticated")
    assert b" 100 " not in head.splitlines()[0]


def test_who_may_send_a_body_is_told_to_go_on(served):
    body = json.dumps({"receiver": "+254711000002", "amount": "1.00", "pin": PIN}).encode()
    rest = b"Content-Length: %d\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n" % len(body)
    status, _, _ = served.says(an_act(served, rest), then=body)
    assert status == 100


@pytest.mark.parametrize("method", [b"OPTIONS", b"GET", b"BREW"])
@pytest.mark.parametrize("path", [HOP, b"/ussd/africastalking", b"/sms/africastalking/report"])
def test_a_gateway_s_address_takes_its_own_method_alone(served, method, path):
    heard = served.says(request(method, path, b"Connection: close\r\n\r\n"))
    assert problem(heard) == (405, "method_not_allowed")


@pytest.mark.parametrize(
    "path",
    [
        *(b"//v1/me", b"/v1//me", b"//", b"//metrics", b"/%2Fmetrics", b"//evil.example/v1/me"),
        *(b"/./v1/me", b"/v1/../metrics", b"/v1/%2e%2e/metrics", b"/v1/me/", b"/%ff", b"/%zz"),
        *(b"/v1/me%00", b"/v1/names/%00", b"http://evil.example//v1/me"),
    ],
)
def test_an_odd_address_is_no_address_and_leads_nowhere(served, path):
    rest = served.token + b"Connection: close\r\n\r\n"
    status, code = problem(served.says(request(b"GET", path, rest)))
    assert (status, code) in {(404, "not_found"), (422, "phone_malformed"), (400, "malformed")}


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /a\0b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\r\n\r\n",
        b"POST /v1/sends HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\nabc",
        b"POST /v1/sends HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 1_500_000 + b"\r\n\r\n",
    ],
)
def test_what_is_no_http_never_reaches_us_and_the_connection_is_closed(served, sent):
    assert served.says(sent)[0] in {400, 431}


def test_a_length_beside_chunks_does_not_count(served):
    """And nothing after them is taken for another request."""
    rest = b"Content-Length: 3\r\n" + CHUNKED + b"\r\n2\r\n{}\r\n0\r\n\r\nGET /health/live"
    status, _, body = served.says(request(b"POST", b"/v1/sign-ins", JSON + rest))
    assert (status, body.count(b"HTTP/1.1")) == (422, 0)


def test_requests_sent_at_once_are_answered_in_their_order(served):
    first = request(b"GET", b"/health/live", b"\r\n")
    last = request(b"GET", b"/v1/nowhere", b"Connection: close\r\n\r\n")
    status, _, body = served.says(first + last)
    assert (status, body.count(b"HTTP/1.1 404")) == (200, 1)


def test_a_connection_that_does_not_say_what_it_wants_is_closed(served):
    kinds = [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n", request(b"GET", b"/x", b"\r\n")]
    address = ("127.0.0.1", served.settings.http_port)
    opened = [socket.create_connection(address, PATIENCE_S) for _ in kinds]
    for connection, sent in zip(opened, kinds, strict=True):
        connection.sendall(sent)
    for connection in opened:
        with connection:
            while connection.recv(65536):  # until it is closed, whatever it was told before
                pass


def test_the_next_caller_is_served_as_ever(served):
    for rest in (*BROKEN_BODIES.values(), *HALF_BODIES.values()):
        served.says(an_act(served, rest))
    heard = served.says(request(b"GET", b"/health/ready", b"Connection: close\r\n\r\n"))
    assert heard[0] == 200
