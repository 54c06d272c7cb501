"""A stand-in for somebody else's HTTP API, on a real socket, and its bad days."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar


class StandIn:
    """What it was sent and how it behaves is for the API that it stands for to say."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.released = threading.Event()  # lets go of answers that hang


class Handler(BaseHTTPRequestHandler):
    """Answers a request with `post` or `get`."""

    protocol_version = "HTTP/1.1"
    standin: Any

    def do_POST(self) -> None:
        self.post()

    def do_GET(self) -> None:
        self.get()

    def post(self) -> None:
        self.answer(405)

    def get(self) -> None:
        self.answer(405)

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, status: int, body: object = b"") -> None:
        """Answer with these bytes, or with anything else as JSON."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        pass


Behaviour = Callable[[Any], None]
"""What a handler does with a request."""
StandInT = TypeVar("StandInT", bound=StandIn)


def http(status: int, body: object = b"") -> Behaviour:
    return lambda handler: handler.answer(status, body)


def hang(handler: Handler) -> None:
    handler.standin.released.wait(10)
    handler.close_connection = True


def hang_up(handler: Handler) -> None:
    handler.close_connection = True


def drip(handler: Handler) -> None:
    """Send a byte now and then, for ever: each resets an ordinary read timer."""
    handler.close_connection = True
    handler.send_response(201)
    handler.end_headers()
    while not handler.standin.released.wait(0.02):
        try:
            handler.wfile.write(b" ")
        except OSError:
            return


@contextmanager
def standing_in(made: Callable[[str], StandInT], handler: type[Handler]) -> Iterator[StandInT]:
    """Serve until the test is over."""
    bound: type[Handler] = type("BoundHandler", (handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
    server.daemon_threads = True
    standin = bound.standin = made(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield standin
    finally:
        standin.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
