"""A few requests over a real socket: what the test client would never send."""

import http.client
import json
import socket
import threading

import pytest
from werkzeug.serving import make_server

from wallet.web.errors import MEDIA_TYPE

BODY = json.dumps({"msisdn": "+254711000099"}).encode()


@pytest.fixture
def port(app):
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def ask(port, method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, named)
    answer = connection.getresponse()
    found = (answer.status, answer.getheader("Content-Type"), answer.read())
    connection.close()
    return found


def raw(port, sent):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(sent)
        return connection.recv(65536)


def test_a_request_is_answered(port):
    status, content_type, body = ask(
        port, "POST", "/v1/sign-ins", BODY, Content_Type="application/json"
    )
    assert (status, content_type) == (202, "application/json")
    assert json.loads(body)["sign_in"]


def test_an_error_has_the_same_shape_as_ever(port):
    status, content_type, body = ask(port, "GET", "/v1/me", Authorization="Bearer \xff\xfe")
    assert (status, content_type, json.loads(body)["code"]) == (401, MEDIA_TYPE, "unauthenticated")


def chunks(size, count):
    for _ in range(count):
        yield b" " * size


def test_a_body_without_a_length_is_measured_while_it_comes(port):
    headers = {"Content_Type": "application/json"}
    status, _, body = ask(port, "POST", "/v1/sign-ins", chunks(8000, 1), **headers)
    assert (status, json.loads(body)["code"]) == (400, "malformed")
    status, _, body = ask(port, "POST", "/v1/sign-ins", chunks(8000, 9), **headers)
    assert (status, json.loads(body)["code"]) == (413, "body_too_large")


def test_a_body_that_says_it_is_too_large_is_not_waited_for(port):
    head = (
        b"POST /v1/sign-ins HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: 10000000\r\nConnection: close\r\n\r\n{"
    )
    assert b" 413 " in raw(port, head).splitlines()[0]


def test_a_stranger_s_words_never_reach_the_headers_of_an_answer(port):
    answer = raw(port, b"GET /v1/x%0d%0aSet-Cookie:%20a=b HTTP/1.0\r\nHost: x\r\n\r\n")
    assert b" 404 " in answer.splitlines()[0]
    assert b"Set-Cookie" not in answer
