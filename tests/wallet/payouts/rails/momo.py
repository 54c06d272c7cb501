"""A stand-in for MTN MoMo's disbursements.

It keeps transfers by `X-Reference-Id` as MTN does; `before`, `after` and `asked` tell what it
does with the next requests in place of answering as it should.
"""

import base64
import json
from contextlib import AbstractContextManager
from typing import Any

from tests import standin
from tests.standin import Behaviour, standing_in
from wallet.payouts.rails.mtn_momo_settings import MomoAccount

USER, KEY, SUBSCRIPTION = "7d2c9f0e-user", "api-key", "subscription-key"
TRANSFER = "/disbursement/v1_0/transfer"


class StandIn(standin.StandIn):
    """What MTN was asked, what it keeps, and how it behaves."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.account = MomoAccount(url, "sandbox", USER, KEY, SUBSCRIPTION)
        self.calls: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.transfers: dict[str, dict[str, Any]] = {}
        self.tokens = 0
        self.expires_in: object = 3600
        self.before: list[Behaviour] = []  # for the next transfers asked for, one each
        self.after: list[Behaviour] = []  # likewise, once they are kept
        self.asked: list[Behaviour] = []  # for the next questions, one each
        self.final: dict[str, Any] = {"status": "SUCCESSFUL", "financialTransactionId": "1"}

    def paid(self) -> list[str]:
        """The references of what it was asked to pay, once for each transfer."""
        return [each["externalId"] for each in self.transfers.values()]


class Handler(standin.Handler):
    standin: StandIn

    def post(self) -> None:
        body = self.body()
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

    def get(self) -> None:
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

    def behaves(self, behaviours: list[Behaviour]) -> bool:
        """Do what is next on the list; tell whether that was the answer."""
        if not behaviours:
            return False
        behaviours.pop(0)(self)
        return True


def twice(handler: Handler) -> None:
    """Answer the one request two times."""
    handler.answer(202)
    handler.answer(202)


def serving() -> AbstractContextManager[StandIn]:
    return standing_in(StandIn, Handler)
