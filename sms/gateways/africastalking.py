"""Africa's Talking over HTTP: `POST /version1/messaging`, one request for each text.

A form goes out, JSON comes back: HTTP 201 even where a recipient failed, so each recipient's
`statusCode` is read, or its word where the code is left out. Codes and shapes: Africa's Talking SMS
API and its Python SDK 2.0.

Its callbacks are forms. It signs nothing, so the addresses we give it carry a secret (`?token=`).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal, Self

import httpx

from sms.gateways import (
    Accepted,
    Gateway,
    NotTried,
    OutboundText,
    Outcome,
    Refused,
    Report,
    Submission,
    Unknown,
    tidy,
)
from wallet.config import Configured, Reader, Section, Settings
from wallet.gateways import TAKEN, Answer, GatewayRequest, NotUnderstood, has_token

NAME: Final = "africastalking"
ACCEPTED: Final = frozenset({100, 101, 102})
CODES: Final[Mapping[str, int]] = {
    "processed": 100,
    "sent": 101,
    "success": 101,
    "queued": 102,
    "riskhold": 401,
    "invalidsenderid": 402,
    "invalidphonenumber": 403,
    "unsupportednumbertype": 404,
    "insufficientbalance": 405,
    "userinblacklist": 406,
    "couldnotroute": 407,
    "donotdisturbrejection": 409,
    "internalservererror": 500,
    "gatewayerror": 501,
    "rejectedbygateway": 502,
}
"""Its words for its codes, lower case: some answers bring the word alone."""
PASSING: Final = frozenset({401, 405, 407})
"""Refusals that end by themselves or with our account topped up, as those from 500 on do."""
CONNECT_TIMEOUT_S: Final = 3.05  # the SDK's own
ANSWER_TIMEOUT_S: Final = 9.05
ANSWER_BYTES: Final = 64 * 1024
GATEWAY_ID_CHARACTERS: Final = 100
FIELD_CHARACTERS: Final = 200
_SENT_SOME: Final = re.compile(r"Sent to [1-9]")
# Its words for it, lower case: SMS delivery reports, `status`.
STATES: Final[Mapping[str, Literal["sent", "delivered", "failed"]]] = {
    "submitted": "sent",
    "buffered": "sent",
    "sent": "sent",
    "success": "delivered",
    "failed": "failed",
    "rejected": "failed",
    "absentsubscriber": "failed",
    "expired": "failed",
}


@dataclass(frozen=True, slots=True)
class AfricasTalkingSettings:
    """`africastalking`: Africa's Talking, for USSD and texts.

    | Variable | Unset | Meaning |
    |---|---|---|
    | KIBUBU_CALLBACK_TOKEN | development token | secret that it calls us with; 16 or more |
    | KIBUBU_AT_USERNAME | none | our account there; required where it takes texts |
    | KIBUBU_AT_API_KEY | none | its API key; likewise |
    | KIBUBU_AT_URL | https://api.africastalking.com | where its API is; a sandbox or a stand-in |
    """

    callback_token: str = field(repr=False)
    username: str
    api_key: str = field(repr=False)
    url: str

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            callback_token=reader.callback_token("KIBUBU_CALLBACK_TOKEN"),
            username=_account(reader, "KIBUBU_AT_USERNAME"),
            api_key=_account(reader, "KIBUBU_AT_API_KEY"),
            url=(reader.get("KIBUBU_AT_URL") or "https://api.africastalking.com").rstrip("/"),
        )


def _account(reader: Reader, name: str) -> str:
    if reader.get("KIBUBU_SMS_GATEWAY") == NAME:
        return reader.required(name, f"KIBUBU_SMS_GATEWAY is {NAME}")
    return reader.get(name) or ""


class AfricasTalkingGateway:
    """Sends `concurrency` texts at a time; stops trying when none of them got through."""

    name = NAME

    def __init__(
        self,
        base_url: str,
        username: str,
        api_key: str,
        *,
        sender: str | None = None,
        concurrency: int = 8,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        self._form = {"username": username, "bulkSMSMode": "1"}
        if sender is not None:
            self._form["from"] = sender
        self._url = f"{base_url}/version1/messaging"
        self._concurrency = concurrency
        self._answer_timeout_s = answer_timeout_s
        self._client = httpx.Client(
            headers={"apiKey": api_key, "Accept": "application/json"},
            timeout=httpx.Timeout(answer_timeout_s, connect=CONNECT_TIMEOUT_S),
            limits=httpx.Limits(max_connections=concurrency),
            follow_redirects=False,  # a redirect would carry our key to somebody else
            trust_env=False,
        )
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="africastalking")

    def close(self) -> None:
        """Let go of threads and connections."""
        self._pool.shutdown()
        self._client.close()

    def send(self, batch: Sequence[OutboundText]) -> list[Submission]:
        submissions: list[Submission] = []
        for start in range(0, len(batch), self._concurrency):
            group = batch[start : start + self._concurrency]
            outcomes = list(self._pool.map(self._outcome, group))
            submissions += map(Submission, group, outcomes)
            if not any(map(_is_settled, outcomes)):
                # Down, or our account is empty: the rest would fare the same and outlast our lease.
                rest = batch[start + self._concurrency :]
                return submissions + [Submission(text, NotTried()) for text in rest]
        return submissions

    def _outcome(self, text: OutboundText) -> Outcome:
        """Whatever happens to this text stays with this text."""
        try:
            status, answer = self._post(text)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Refused(permanent=False, reason=f"unreachable: {type(error).__name__}")
        except (httpx.HTTPError, httpx.StreamError, TimeoutError) as error:
            return Unknown(f"no answer: {type(error).__name__}")
        if status in {httpx.codes.CREATED, httpx.codes.OK}:
            return read_answer(answer)
        reason = tidy(f"HTTP {status} {_words(answer)}".strip())
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            return Unknown(reason)  # it may have sent it before it fell over
        return Refused(permanent=False, reason=reason)  # our key or form, not the text

    def _post(self, text: OutboundText) -> tuple[int, bytes]:
        """Return status and body, neither longer nor later than we are ready to wait for."""
        form = self._form | {"to": text.msisdn, "message": text.body}
        body = b""
        with self._client.stream("POST", self._url, data=form) as response:
            give_up_at = time.monotonic() + self._answer_timeout_s
            for part in response.iter_bytes():
                body += part
                if len(body) > ANSWER_BYTES:
                    break
                if time.monotonic() > give_up_at:  # an answer that drips resets httpx's own timer
                    raise TimeoutError
        return response.status_code, body


def read_answer(answer: bytes) -> Outcome:
    """Read what an answer says of its one recipient; rubbish leaves the outcome unknown.

    A request that is refused whole has no recipient, only a message that says why.
    """
    try:
        data = json.loads(answer)["SMSMessageData"]
        if not data["Recipients"]:
            return _refused_whole(data["Message"])
        (recipient,) = data["Recipients"]
        said, told = recipient.get("status", ""), recipient.get("statusCode")
        code = _code_of(said) if told is None else int(told)
    except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError, AttributeError):
        return Unknown(tidy(f"the answer made no sense: {_words(answer)}"))
    if code in ACCEPTED:
        return Accepted(_gateway_id(recipient.get("messageId")))
    return _refused(code, f"{said}" if told is None else f"{code} {said}")


def _refused_whole(message: str) -> Outcome:
    if _SENT_SOME.match(message):
        return Unknown(tidy(message))  # to whom is not told
    return _refused(_code_of(message), message)


def _refused(code: int | None, reason: str) -> Refused:
    passing = code is not None and (code in PASSING or code >= httpx.codes.INTERNAL_SERVER_ERROR)
    return Refused(permanent=not passing, reason=tidy(reason))


def _code_of(said: str) -> int | None:
    """Return the code of a word of theirs, None where it is not among those we know."""
    word = "".join(said.split()).lower()
    if not word:
        raise ValueError("nothing is said of it")
    return CODES.get(word)


def _words(answer: bytes) -> str:
    """Return the beginning of an answer, for whoever looks for the cause."""
    return " ".join(answer[:FIELD_CHARACTERS].decode(errors="replace").split())


def _gateway_id(value: object) -> str | None:
    """Return the id its reports will carry; "None" is how Africa's Talking says it has none."""
    if not isinstance(value, str) or value == "None" or tidy(value) != value:
        return None
    return value if 0 < len(value) <= GATEWAY_ID_CHARACTERS else None


def _is_settled(outcome: Outcome) -> bool:
    return isinstance(outcome, Accepted) or (isinstance(outcome, Refused) and outcome.permanent)


def _make(settings: Settings) -> Gateway:
    account = settings.section(AfricasTalkingSettings)
    return AfricasTalkingGateway(account.url, account.username, account.api_key)


GATEWAY: Final = Configured(NAME, _make, AfricasTalkingSettings)


class AfricasTalkingCallbacks:
    """One report, or one text, to a form."""

    name: ClassVar[str] = NAME
    section: ClassVar[type[Section] | None] = AfricasTalkingSettings
    method: ClassVar[str] = "POST"
    most_bytes: ClassVar[int] = 16 * 1024
    taken: ClassVar[Answer] = TAKEN

    def __init__(self, settings: Settings) -> None:
        self._token = settings.section(AfricasTalkingSettings).callback_token

    def authentic(self, request: GatewayRequest) -> bool:
        return has_token(request.query, self._token)

    def read_reports(self, request: GatewayRequest) -> Sequence[Report]:
        gateway_id, status = _field(request, "id"), _field(request, "status")
        if not gateway_id or not status:
            raise NotUnderstood("id and status are required")
        state = STATES.get(status.lower())
        return [Report(gateway_id, state, status, _field(request, "failureReason"))]

    def read_senders(self, request: GatewayRequest) -> Sequence[str]:
        return [_field(request, "from")]


def _field(request: GatewayRequest, name: str) -> str:
    """Return a form field, cut to a sane length; NUL cannot be stored."""
    return request.form.get(name, "").replace("\0", "")[:FIELD_CHARACTERS].strip()
