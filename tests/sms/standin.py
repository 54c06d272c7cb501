"""A stand-in for Africa's Talking on a real socket: its form in, its JSON out, and its bad days.

It answers each number as the test tells it to; numbers it was told nothing about are accepted.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

Behaviour = Callable[["Handler", dict[str, str]], None]


class StandIn:
    """What the gateway was sent, and how it behaves for each number."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_port}"
        self.received: list[dict[str, str]] = []
        self.behaviours: dict[str, Behaviour] = {}
        self.every: Behaviour | None = None
        self.released = threading.Event()  # lets go of answers that hang

    def numbers(self) -> list[str]:
        return sorted(form["to"] for form in self.received)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    standin: StandIn

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = dict(parse_qsl(body, strict_parsing=True))
        form |= {"path": self.path, "apiKey": self.headers["apiKey"]}
        self.standin.received.append(form)
        behave = self.standin.every or self.standin.behaviours.get(form["to"], recipient(101))
        behave(self, form)

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def recipient(code: int, status: str = "Success", message_id: str | None = None) -> Behaviour:
    def behave(handler: Handler, form: dict[str, str]) -> None:
        one = {
            "statusCode": code,
            "number": form["to"],
            "status": status,
            "cost": "KES 0.8000",
            "messageId": message_id or f"ATXid_{form['to'].lstrip('+')}",
            "messageParts": 1,
        }
        data = {"Message": "Sent to 1/1 Total Cost: KES 0.8000", "Recipients": [one]}
        handler.answer(201, json.dumps({"SMSMessageData": data}).encode())

    return behave


def http(status: int, body: bytes = b"") -> Behaviour:
    return lambda handler, _: handler.answer(status, body)


def hang(handler: Handler, _: dict[str, str]) -> None:
    handler.standin.released.wait(10)
    handler.close_connection = True


def drip(handler: Handler, _: dict[str, str]) -> None:
    """Send a byte now and then, for ever: each resets an ordinary read timer."""
    handler.close_connection = True
    handler.send_response(201)
    handler.end_headers()
    while not handler.standin.released.wait(0.02):
        try:
            handler.wfile.write(b" ")
        except OSError:
            return


def hang_up(handler: Handler, _: dict[str, str]) -> None:
    handler.close_connection = True


@contextmanager
def serving() -> Iterator[StandIn]:
    class BoundHandler(Handler):
        pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), BoundHandler)
    server.daemon_threads = True
    standin = BoundHandler.standin = StandIn(server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield standin
    finally:
        standin.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
