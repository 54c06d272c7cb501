"""A stand-in for Africa's Talking: its form in, its JSON out.

It answers each number as the test tells it to; numbers it was told nothing about are accepted.
"""

from contextlib import AbstractContextManager
from urllib.parse import parse_qsl

from tests import standin
from tests.standin import Behaviour, standing_in


class StandIn(standin.StandIn):
    """What the gateway was sent, and how it behaves for each number."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.received: list[dict[str, str]] = []
        self.behaviours: dict[str, Behaviour] = {}
        self.every: Behaviour | None = None

    def numbers(self) -> list[str]:
        return sorted(form["to"] for form in self.received)


class Handler(standin.Handler):
    standin: StandIn
    form: dict[str, str]

    def post(self) -> None:
        self.form = dict(parse_qsl(self.body().decode(), strict_parsing=True))
        seen = {"path": self.path, "apiKey": self.headers["apiKey"]}
        self.standin.received.append(self.form | seen)
        numbers = self.standin.behaviours
        behave = self.standin.every or numbers.get(self.form["to"], recipient(101))
        behave(self)


def recipient(code: int, status: str = "Success", message_id: str | None = None) -> Behaviour:
    def behave(handler: Handler) -> None:
        to = handler.form["to"]
        one = {
            "statusCode": code,
            "number": to,
            "status": status,
            "cost": "KES 0.8000",
            "messageId": message_id or f"ATXid_{to.lstrip('+')}",
            "messageParts": 1,
        }
        data = {"Message": "Sent to 1/1 Total Cost: KES 0.8000", "Recipients": [one]}
        handler.answer(201, {"SMSMessageData": data})

    return behave


def serving() -> AbstractContextManager[StandIn]:
    return standing_in(StandIn, Handler)
