"""The document tells the truth: each operation, called in many ways, answers as it says.

`make contract` runs this; `make test` does not. schemathesis makes the requests, right ones and
wrong ones, from the document and from the examples of `asks.py`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

import schemathesis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from schemathesis import Case, CheckContext, Response, SerializationContext

from tests.contract.asks import ASKS, Ask, with_examples
from tests.contract.conftest import Visit
from tests.contract.stand_ins import filled
from tests.contract.stock import OF_ROLE
from tests.loop import app_for_nothing
from wallet.web.errors import MEDIA_TYPE
from wallet.web.routing import IDEMPOTENCY_KEY

SEED = os.environ.get("CONTRACT_SEED", "")
"""Without one, the requests are always the same."""
EXAMPLES = int(os.environ.get("CONTRACT_EXAMPLES", "15"))
"""How many requests are drawn by chance for each operation, beside those that try every rule."""
KEY, EXAMPLE_KEY = str(IDEMPOTENCY_KEY["name"]), IDEMPOTENCY_KEY["example"]
KEYS = UUID("a3c1a9f4-7a5e-4f30-9d5c-0c6c8d6f2b11")
PATIENCE_S = 60
TAKES_ANYTHING = {"checks": {"negative_data_rejection": {"enabled": False}}}
FORGIVING = (
    "POST /v1/bulks",  # any text is a list, perhaps one of nothing but mistakes
    # Gateways are answered as they understand it, whatever they send.
    "POST /callbacks/mtn-momo",
    "PUT /callbacks/mtn-momo",
    "POST /sms/africastalking/report",
    "POST /sms/africastalking/inbound",
    "POST /ussd/africastalking",
    "POST /ussd/africastalking/ended",
)
IN_WORDS = {
    "PUT /v1/prices/{base}-{quoted}",  # the size is in the base, the ask not below the bid
    "PUT /v1/rates/{base}-{quoted}",  # two currencies; not of the future
    "POST /v1/quotes",  # two currencies
    "POST /v1/merchants/{holder_id}/pricings",  # a fee has a lower rate, a reserve a time
    "POST /v1/contracts/{contract_id}/orders",  # each line adds up
    "POST /v1/contracts/{contract_id}/shipments",  # each line once
    "POST /v1/contracts/{contract_id}/deliveries",  # what people sign is printable
    "POST /v1/destinations",  # phones only where a network is set up
    "POST /v1/bulks",  # columns have names
    "POST /v1/bulks/{bulk_id}/confirmations",  # a partner has no PIN
}
"""Operations whose fields have to fit each other in ways that only the document's words tell."""
WRONG_CODES = {"format_error", "malformed"}
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
"""A stranger's own words, which may be anything."""
PYTHON = re.compile(
    r"\{'|\['|\bNone\b|\bTrue\b|\bFalse\b|Decimal\(|UUID\(|datetime\.d|<class|__init__"
)


def document() -> Mapping[str, Any]:
    found = FlaskClient(app_for_nothing()).get("/openapi.json").json
    assert isinstance(found, dict)
    return found


CONFIG = schemathesis.Config.from_dict(
    {
        **({"seed": int(SEED)} if SEED else {}),
        "generation": {
            "deterministic": not SEED,
            "max-examples": EXAMPLES,
            "allow-x00": False,
            "with-security-parameters": False,
            "database": "none",
        },
        "phases": {
            "coverage": {"unexpected-methods": ["put", "delete"]},
            "fuzzing": {
                # What was answered before must not decide what is asked next.
                "error-feedback": {"enabled": False},
                "extra-data-sources": {"responses": False},
            },
        },
        "checks": {
            # 503 is what a service says that has to wait too long, on a machine that is too busy.
            "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "503"]},
            # A rule may refuse what is well formed; see `well_formed_is_not_malformed`.
            "positive_data_acceptance": {"enabled": False},
            # Every route and role: tests/wallet/web/test_who_may_call.py.
            "ignored_auth": {"enabled": False},
        },
        "operations": [{"include-name": name, **TAKES_ANYTHING} for name in FORGIVING],
    }
)
schema = schemathesis.openapi.from_dict(with_examples(document()), config=CONFIG)


@schemathesis.serializer("text/csv", "application/jsonl")
def as_text(_: SerializationContext, value: Any) -> bytes:
    return (value if isinstance(value, str) else json.dumps(value)).encode()


def well_formed_is_not_malformed(_: CheckContext, response: Response, case: Case[Any]) -> None:
    """What the document allows is not refused for its form."""
    if case.operation.label in IN_WORDS or case.meta is None or has_floats(case.body):
        return
    if case.meta.generation.mode.is_positive and is_problem(response):
        told = response.json()
        assert told["code"] not in WRONG_CODES, f"The document allows it: {told['detail']}"


def speaks_no_python(_: CheckContext, response: Response, case: Case[Any]) -> None:
    """What is said to people holds nothing as Python writes it."""
    if is_problem(response):
        detail = response.json()["detail"]
        assert not PYTHON.search(QUOTED.sub("", detail)), detail


def is_problem(response: Response) -> bool:
    return MEDIA_TYPE in response.headers.get("content-type", ())


def has_floats(value: Any) -> bool:
    """Whether 7.0 stands for a whole number in it: to JSON Schema they are the same, not to us."""
    if isinstance(value, dict | list):
        return any(map(has_floats, value.values() if isinstance(value, dict) else value))
    return isinstance(value, float)


@schema.parametrize()
@settings(suppress_health_check=list(HealthCheck), deadline=None)
def test_the_document_is_true_of(case: Case[Any], visit: Visit) -> None:
    visit.stock.unlock()
    drawn = case.path_parameters, case.query, case.body
    for who in callers(case):
        known = visit.stock.known
        case.path_parameters, case.query, case.body = (filled(each, known, who) for each in drawn)
        told = asked(case, visit, who)
        visit.reached = visit.reached or told.status_code < 300


def callers(case: Case[Any]) -> tuple[str, ...]:
    """Who calls an operation: one of each role that may."""
    roles = case.operation.definition.raw.get("x-roles", [])
    ask = ASKS.get(str(case.operation.label), Ask())
    if ask.by or not roles:
        return ask.by or ("",)
    return tuple(OF_ROLE.values()) if roles == ["any"] else tuple(OF_ROLE[role] for role in roles)


def asked(case: Case[Any], visit: Visit, who: str) -> Response:
    """Send a request as somebody of the town, and hold the answer to the document."""
    headers = {"Authorization": f"Bearer {visit.stock.people[who].token}"} if who else {}
    if case.headers and case.headers.get(KEY) == EXAMPLE_KEY:
        visit.calls += 1
        headers[KEY] = str(uuid5(KEYS, str(visit.calls)))
    return case.call_and_validate(
        base_url=visit.url,
        session=visit.session,
        headers=headers,
        timeout=PATIENCE_S,
        additional_checks=[well_formed_is_not_malformed, speaks_no_python],
    )
