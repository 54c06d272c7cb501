"""What every gateway's adapter is given and gives: a request read whole, an answer to it.

Gateways are told apart by their adapters alone (`ussd/gateways/`, `sms/gateways/`): what they call
us with, and how we know that it is they.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Protocol
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from wallet.config import Section, Settings
    from wallet.errors import Refused

FORM: Final = "application/x-www-form-urlencoded"
NO_FORM: Final[Mapping[str, str]] = {}

Answer = tuple[int, list[tuple[str, str]], bytes]
"""Status, headers, body."""
TAKEN: Final[Answer] = (200, [("Content-Type", "text/plain; charset=utf-8")], b"OK\n")


class NotUnderstood(Exception):
    """The request lacks what every one of its kind has, or it is absurd."""


@dataclass(slots=True, repr=False)  # frozen, it would take thrice the time to make
class GatewayRequest:
    """A request of a gateway. It may hold a PIN, so it shows itself to nobody.

    Header names are of lower case. `form` holds the fields where the body is a form, of one given
    twice the first. Where the body is not whole, `missing` says why.
    """

    path: str
    query: bytes
    headers: Mapping[str, str]
    body: bytes
    form: Mapping[str, str]
    missing: Refused | None = None


class Caller(Protocol):
    """A gateway as we are called by it, and what only it and we know."""

    name: ClassVar[str]
    """In its addresses, and in what is stored of it: it never changes."""
    method: ClassVar[str]
    """Which HTTP method it calls with."""
    most_bytes: ClassVar[int]
    """What its longest request needs."""
    section: ClassVar[type[Section] | None]
    """What the environment says of it, such as its secret."""

    def __init__(self, settings: Settings) -> None: ...

    def authentic(self, request: GatewayRequest) -> bool:
        """Tell whether a request is really the gateway's."""


def read_form(raw: bytes) -> Mapping[str, str]:
    """Return the fields of a form or a query; of one given twice, the first."""
    form: dict[str, str] = {}
    for pair in raw.split(b"&"):
        name, _, value = pair.partition(b"=")
        form.setdefault(_text(name), _text(unquote_to_bytes(value.replace(b"+", b" "))))
    return form


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def has_token(query: bytes, token: str) -> bool:
    """Tell whether the secret of the address we gave out is in the query; an empty one never is."""
    wanted = token.encode()
    # Mostly it is the whole query, and a query is not read in general for nothing.
    if hmac.compare_digest(query, b"token=" + wanted):
        return token != ""
    given = read_form(query).get("token", "").encode()
    return token != "" and hmac.compare_digest(given, wanted)
