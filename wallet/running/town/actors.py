"""People of the town as they really act: an app over HTTP, and an inbox of SMS.

They know what people know: their own number and PIN, and what their phone has received.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
from sqlalchemy import Engine

from sms.inbox import inbox
from wallet.running.town.people import Firm, Person

TIMEOUT_S: Final = 15.0
POLL_S: Final = 0.05
CODE: Final = r"^([0-9]{6}) "
INBOX_TEXTS: Final = 100


class Unexpected(Exception):
    """The service did not do what it says."""


class Inbox:
    """The texts on one phone, as the worker delivered them. It remembers what has been read."""

    def __init__(self, engine: Engine, msisdn: str) -> None:
        self._engine = engine
        self._msisdn = msisdn
        self._read: set[int] = set()

    def new(self) -> list[str]:
        """Return the texts that came since the last look, oldest first."""
        texts = inbox(self._engine, self._msisdn, limit=INBOX_TEXTS)
        came = [each for each in texts if each.id not in self._read]
        self._read.update(each.id for each in came)
        return [each.body for each in came]

    def wait_for(self, pattern: str, timeout_s: float = TIMEOUT_S) -> tuple[str, re.Match[str]]:
        """Return the next text that matches; those that came before it are read by then too.

        Raises `Unexpected` where none comes in time.
        """
        deadline = time.monotonic() + timeout_s
        seen: list[str] = []
        while time.monotonic() < deadline:
            for body in self.new():
                seen.append(body)
                if found := re.search(pattern, body):
                    return body, found
            time.sleep(POLL_S)
        raise Unexpected(f"{self._msisdn} had no text like {pattern!r} in time, only: {seen}")


class App:
    """A client of the API, with the token of whoever signed in."""

    def __init__(self, http_url: str) -> None:
        self._http = httpx.Client(base_url=http_url, timeout=TIMEOUT_S, trust_env=False)
        self.token = ""
        self.refresh_token = ""

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def sign_in(self, person: Person, texts: Inbox) -> str:
        """Sign in as a person does, with number, the code from the SMS and PIN; return that SMS."""
        texts.new()  # codes of before are no good
        asked = self.post("/v1/sign-ins", {"msisdn": person.msisdn}, 202)
        body, code = texts.wait_for(CODE)
        grant = {"grant_type": "sign_in", "sign_in": asked["sign_in"], "code": code[1]}
        self._take_token({**grant, "pin": person.pin})
        return body

    def sign_in_firm(self, firm: Firm, client_id: str) -> None:
        """Sign in as an institution does, with its client credentials."""
        grant = {"grant_type": "client_credentials", "client_id": client_id}
        self._take_token({**grant, "client_secret": firm.secret})

    def get(self, path: str, **query: str) -> Any:  # noqa: ANN401 -- JSON
        """Ask for something that must be there."""
        return self._answer(self._http.get(path, params=query, headers=self._headers()), 200)

    def post(self, path: str, body: Mapping[str, object], status: int = 201) -> Any:  # noqa: ANN401 -- whatever the JSON holds
        """Send something that must be answered with `status`."""
        return self._answer(self.send(path, body), status)

    def put(self, path: str, body: Mapping[str, object]) -> Any:  # noqa: ANN401 -- whatever the JSON holds
        """Put something in its place."""
        return self._answer(self._http.put(path, json=body, headers=self._headers()), 200)

    def send(
        self, path: str, body: Mapping[str, object], key: UUID | None = None
    ) -> httpx.Response:
        """Send something, whatever the answer; every call has a key of its own but for `key`."""
        headers = {"Idempotency-Key": str(key or uuid4())}
        return self._http.post(path, json=body, headers=self._headers() | headers)

    def refresh(self, refresh_token: str) -> None:
        """Take the next tokens of a sign-in, without another code."""
        self._take_token({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def _take_token(self, grant: Mapping[str, object]) -> None:
        tokens = self.post("/v1/tokens", grant, 200)
        self.token = tokens["access_token"]
        self.refresh_token = tokens.get("refresh_token", "")

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    @staticmethod
    def _answer(response: httpx.Response, status: int) -> Any:  # noqa: ANN401 -- whatever the JSON holds
        if response.status_code != status:
            request = f"{response.request.method} {response.request.url.path}"
            raise Unexpected(f"{request} answered {response.status_code}: {response.text}")
        return response.json()
