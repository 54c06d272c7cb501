"""People who call the API: each with a token of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from tests.roles import as_owner
from wallet.clock import id_of
from wallet.onboarding import register
from wallet.people.pin import Pin
from wallet.people.tokens import Caller
from wallet.service import Service
from wallet.web.auth import TOKENS

PIN = "7294"


@dataclass(frozen=True)
class Person:
    """Somebody who calls, with their token."""

    holder_id: int
    msisdn: str
    name: str
    roles: frozenset[str]
    client: FlaskClient = field(repr=False)
    token: str = field(repr=False)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: UUID | None = None,
        **options: Any,
    ) -> TestResponse:
        """Send a request as this person; `key` becomes its Idempotency-Key."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        if key is not None:
            headers["Idempotency-Key"] = str(key)
        if body is not None:
            options["json"] = body
        return self.client.open(path, method=method, headers=headers, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.call("GET", path, **options)

    def post(self, path: str, body: object = None, **options: Any) -> TestResponse:
        return self.call("POST", path, body, **options)


class Callers:
    """Makes people of every role, straight through the flows."""

    def __init__(self, service: Service, app: Flask) -> None:
        self.service = service
        self.app = app
        self._made = 0

    def person(self, name: str = "Amina Odhiambo", *roles: str, pin: str | None = PIN) -> Person:
        """Register somebody with the next free number, a PIN, and `roles` beside consumer."""
        self._made += 1
        msisdn = f"+2547110{self._made:05d}"
        chosen = Pin(pin) if pin else None
        receipt = self.service.poster.post(
            register.decide,
            register.Command(0, uuid4(), chosen, msisdn, name, "en", "KE", tier=1),
        )
        holder_id = id_of(receipt.answer["reference"])
        assert holder_id is not None
        for role in roles:
            self._grant(holder_id, role)
        return self.as_role(holder_id, msisdn, name, frozenset({"consumer", *roles}))

    def as_role(self, holder_id: int, msisdn: str, name: str, roles: frozenset[str]) -> Person:
        """Return a caller with exactly these roles in the token."""
        token = self.app.extensions[TOKENS].issue(Caller(holder_id, roles))
        return Person(holder_id, msisdn, name, roles, self.app.test_client(), token)

    def _grant(self, holder_id: int, role: str) -> None:
        with as_owner(self.service.engine) as connection:
            connection.execute(text(GRANTS[role]), {"id": holder_id, "n": 10_000 + self._made})


GRANTS: Mapping[str, str] = {
    "agent": "INSERT INTO agents VALUES (:id, cast(:n AS text), 'Mama Mboga Stores')",
    "merchant": """
        WITH merchant AS (
            INSERT INTO merchants (holder_id, name, city, category, escrow_period_s)
            VALUES (:id, 'Duka la Juma', 'Nairobi', '5411', 3600)
            RETURNING holder_id)
        INSERT INTO tills SELECT cast(:n AS text), holder_id, 'Counter' FROM merchant
    """,
    "operator": "INSERT INTO operators VALUES (:id)",
    "partner": "INSERT INTO partners VALUES (:id, 'p-' || :n, ''::bytea, 'partner')",
    "maker": "INSERT INTO partners VALUES (:id, 'm-' || :n, ''::bytea, 'maker')",
}


def sms_to(service: Service, msisdn: str) -> list[str]:
    """Return the texts queued for a number, oldest first."""
    with service.engine.connect() as connection:
        rows = connection.execute(
            text("SELECT body FROM texts WHERE msisdn = :msisdn ORDER BY id"), {"msisdn": msisdn}
        )
        return [row.body for row in rows]


def code_in(body: str) -> str:
    """Return the one-time code of a text."""
    found = re.match(r"[0-9]{6}\b", body)
    assert found is not None, body
    return found[0]
