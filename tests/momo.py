"""A stand-in for MTN MoMo's disbursements on a real socket, and its bad days.

It keeps transfers by `X-Reference-Id` as MTN does; `lives` tells what it does with each request
for a transfer before it answers as it should.
"""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from wallet.payouts.rails.mtn_momo import MomoAccount

USER, KEY, SUBSCRIPTION = "7d2c9f0e-user", "api-key", "subscription-key"
TRANSFER = "/disbursement/v1_0/transfer"


class StandIn:
    """What MTN was asked, what it keeps, and how it behaves."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.account = MomoAccount(
            f"http://127.0.0.1:{server.server_port}", "sandbox", USER, KEY, SUBSCRIPTION
        )
        self.calls: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.transfers: dict[str, dict[str, Any]] = {}
        self.tokens = 0
        self.expires_in: object = 3600
        self.before: list[Behaviour] = []  # for the next transfers asked for, one each
        self.after: list[Behaviour] = []  # likewise, once they are kept
        self.asked: list[Behaviour] = []  # for the next questions, one each
        self.final: dict[str, Any] = {"status": "SUCCESSFUL", "financialTransactionId": "1"}
        self.released = threading.Event()  # lets go of answers that hang

    def paid(self) -> list[str]:
        """The references of what it was asked to pay, once for each transfer."""
        return [each["externalId"] for each in self.transfers.values()]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    standin: StandIn

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/disbursement/token/":
            return self.give_token()
        self.standin.calls.append("transfer")
        if not self.is_let_in() or self.behaves(self.standin.before):
            return None
        reference = self.headers["X-Reference-Id"]
        if reference in self.standin.transfers:
            return self.answer(409, {"code": "RESOURCE_ALREADY_EXIST", "message": "Duplicated"})
        self.standin.headers.append(dict(self.headers.items()))
        self.standin.transfers[reference] = json.loads(body)
        if self.behaves(self.standin.after):
            return None
        return self.answer(202)

    def do_GET(self) -> None:
        self.standin.calls.append("status")
        if not self.is_let_in() or self.behaves(self.standin.asked):
            return None
        found = self.standin.transfers.get(self.path.removeprefix(f"{TRANSFER}/"))
        if found is None:
            return self.answer(404, {"code": "RESOURCE_NOT_FOUND", "message": "Not found"})
        return self.answer(200, found | self.standin.final)

    def give_token(self) -> None:
        wanted = base64.b64encode(f"{USER}:{KEY}".encode()).decode()
        if self.headers["Authorization"] != f"Basic {wanted}":
            return self.answer(401, {"error": "login_failed"})
        self.standin.tokens += 1
        token = {"access_token": f"token-{self.standin.tokens}", "token_type": "access_token"}
        return self.answer(200, token | {"expires_in": self.standin.expires_in})

    def is_let_in(self) -> bool:
        newest = f"Bearer token-{self.standin.tokens}"
        known = self.headers["Ocp-Apim-Subscription-Key"] == SUBSCRIPTION
        if known and self.headers["Authorization"] == newest:
            return True
        self.answer(401, {"message": "Access token expired"})
        return False

    def behaves(self, behaviours: "list[Behaviour]") -> bool:
        """Do what is next on the list; tell whether that was the answer."""
        if not behaviours:
            return False
        behaviours.pop(0)(self)
        return True

    def answer(self, status: int, body: object = None) -> None:
        raw = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        pass


Behaviour = Callable[[Handler], None]


def http(status: int, body: object = None) -> Behaviour:
    return lambda handler: handler.answer(status, body)


def hang(handler: Handler) -> None:
    handler.standin.released.wait(10)
    handler.close_connection = True


def hang_up(handler: Handler) -> None:
    handler.close_connection = True


def twice(handler: Handler) -> None:
    """Answer the one request two times."""
    handler.answer(202)
    handler.answer(202)


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
