"""The rail to other networks' wallets: MTN MoMo's disbursements, API version 1.0.

`X-Reference-Id` makes a transfer one, however often it is sent: it follows from the payout's
reference and nothing else. What is not clearly answered (a time-out, 5xx, a page that is not
MTN's) is `Silent`: the transfer is asked for, and sent again only where MTN says that it has none
of this reference. Callbacks come once or never; they are hints, `status` is what counts.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

import httpx
from sqlalchemy import Engine, text

from wallet.clock import id_of
from wallet.config import Configured, Settings
from wallet.payouts.rails.mtn_momo_settings import MomoAccount, MomoSettings
from wallet.payouts.rails.rail import (
    Failed,
    Outcome,
    Paid,
    PayoutOrder,
    Pending,
    Rail,
    Silent,
    Unknown,
)

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S: Final = 2.0
ANSWER_WITHIN: Final = timedelta(
    seconds=4
)  # five calls at most in one of ours, which may take 30 seconds
ANSWER_BYTES: Final = 64 * 1024
TOKEN_MARGIN_S: Final = 60
LONGEST_TOKEN_S: Final = 86_400
_REFERENCES: Final = UUID("6b1c1a53-6a0b-4e0e-9c3e-3b7a4f4c9f12")

NOT_FOUND: Final = "RESOURCE_NOT_FOUND"
NOT_DECIDED: Final = frozenset({"DELAYED"})
"""Reasons of a failure that is none yet: the network may still pay."""

# It may end another worker's lease: two then ask, and what they hear is booked once.
ASK_SOON: Final = text("""
    UPDATE payouts SET next_at = :now
     WHERE id = :id AND kind = 'mobile' AND state IN ('sent', 'unknown') AND next_at > :now
""")

REASONS: Final = {
    "PAYEE_NOT_FOUND": "the number has no mobile-money account",
    "PAYEE_NOT_ALLOWED_TO_RECEIVE": "the account may not receive money",
    "PAYER_LIMIT_REACHED": "the account's limit is reached",
    "NOT_ENOUGH_FUNDS": "our account at the network lacks the money",
    "NOT_ALLOWED": "the network does not allow it",
    "NOT_ALLOWED_TARGET_ENVIRONMENT": "the network does not allow it",
    "INVALID_CURRENCY": "the network does not pay in this currency",
    "COULD_NOT_PERFORM_TRANSACTION": "the network could not do it",
    "INTERNAL_PROCESSING_ERROR": "the network could not do it",
    "EXPIRED": "the network did not do it in time",
    "REJECTED": "the network rejected it",
}


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: Mapping[str, Any]  # empty where it was no JSON object


def reference_id(reference: str) -> UUID:
    """Return the `X-Reference-Id` of a payout: always the same one, of the form of version 4."""
    return UUID(bytes=uuid5(_REFERENCES, reference).bytes, version=4)


class MomoRail(Rail):
    """Pays to phones, one at a time. Safe for several threads."""

    def __init__(self, account: MomoAccount, answer_within: timedelta = ANSWER_WITHIN) -> None:
        self._account = account
        self._answer_timeout_s = answer_within.total_seconds()
        self._client = httpx.Client(
            base_url=account.url,
            headers={"Ocp-Apim-Subscription-Key": account.subscription_key},
            timeout=httpx.Timeout(self._answer_timeout_s, connect=CONNECT_TIMEOUT_S),
            follow_redirects=False,  # a redirect would carry our keys to somebody else
            trust_env=False,
        )
        self._token = ("", 0)  # and when it ends, by the monotonic clock in nanoseconds
        self._token_lock = threading.Lock()

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def submit(self, order: PayoutOrder) -> Outcome:
        """Ask MTN to pay. Sent again, it is the same transfer."""
        headers = {"X-Reference-Id": str(reference_id(order.reference))}
        if self._account.callback_url is not None:
            headers["X-Callback-Url"] = self._account.callback_url
        answer = self._ask("POST", "/disbursement/v1_0/transfer", headers, transfer_of(order))
        if answer is None:
            return Silent()
        if answer.status == httpx.codes.ACCEPTED:
            return Pending()
        if answer.status == httpx.codes.CONFLICT:  # it was sent before
            return self.status(order)
        if answer.status == httpx.codes.BAD_REQUEST:
            known = self.status(order)  # only what MTN has no transfer of has surely failed
            return Failed(_reason(answer.body)) if isinstance(known, Unknown) else known
        log.warning("payout %s: MTN answered %s", order.reference, _words(answer))
        return Silent()

    def status(self, order: PayoutOrder) -> Outcome:
        """Ask what became of a transfer."""
        path = f"/disbursement/v1_0/transfer/{reference_id(order.reference)}"
        answer = self._ask("GET", path, {})
        if answer is None:
            return Silent()
        if answer.status == httpx.codes.NOT_FOUND and answer.body.get("code") == NOT_FOUND:
            return Unknown()  # any other 404 is of something between us and MTN
        if answer.status != httpx.codes.OK:
            log.warning("payout %s: MTN answered %s", order.reference, _words(answer))
            return Silent()
        if not _is_of(answer.body, order):
            log.error("payout %s: MTN tells of another transfer", order.reference)
            return Silent()
        return outcome_of(answer.body)

    def _ask(
        self, method: str, path: str, headers: dict[str, str], body: Mapping[str, Any] | None = None
    ) -> _Answer | None:
        """Return the answer, or None where there was none; a token refused is got anew, once."""
        for is_retry in (False, True):
            token = self._fresh_token()
            if token is None:
                return None
            sent = headers | {
                "Authorization": f"Bearer {token}",
                "X-Target-Environment": self._account.environment,
            }
            answer = self._call(method, path, headers=sent, json=body)
            if answer is None or answer.status != httpx.codes.UNAUTHORIZED or is_retry:
                return answer
            self._forget(token)  # refused unread: sending it again is safe
        raise AssertionError("the second answer returns")

    def _fresh_token(self) -> str | None:
        with self._token_lock:
            token, ends_at = self._token
            if time.monotonic_ns() < ends_at:
                return token
            answer = self._call(
                "POST", "/disbursement/token/", auth=(self._account.user, self._account.key)
            )
            token, lasts_s = _token_in(answer)
            if not token:
                said = _words(answer) if answer else "nothing"
                log.warning("MTN gave no token: it answered %s", said)
                return None
            good_for_s = max(lasts_s - TOKEN_MARGIN_S, 1)
            self._token = (token, time.monotonic_ns() + good_for_s * 1_000_000_000)
            return token

    def _forget(self, token: str) -> None:
        with self._token_lock:
            if self._token[0] == token:
                self._token = ("", 0)

    def _call(self, method: str, path: str, **request: Any) -> _Answer | None:  # noqa: ANN401 -- the client's own
        """Return what came back, neither longer nor later than we are ready to wait for."""
        body = b""
        try:
            with self._client.stream(method, path, **request) as response:
                give_up_at = time.monotonic() + self._answer_timeout_s
                for part in response.iter_bytes():
                    body += part
                    if len(body) > ANSWER_BYTES or time.monotonic() > give_up_at:
                        log.warning("MTN's answer was too long, or came too slowly")
                        return None
        except (httpx.HTTPError, httpx.StreamError) as error:
            log.warning("MTN did not answer: %s", type(error).__name__)
            return None
        found = _object(body)
        if body and not found:
            log.warning("MTN answered %d with what is no JSON object", response.status_code)
        return _Answer(response.status_code, found)


def transfer_of(order: PayoutOrder) -> dict[str, Any]:
    """Return a transfer as MTN takes it: the number without its plus."""
    told = f"Payout {order.reference}"
    return {
        "amount": order.amount.text,
        "currency": order.amount.currency,
        "externalId": order.reference,
        "payee": {"partyIdType": "MSISDN", "partyId": order.destination.account.lstrip("+")},
        "payerMessage": told,
        "payeeNote": told,
    }


def outcome_of(transfer: Mapping[str, Any]) -> Outcome:
    """Return what MTN says of a transfer; what we do not know is not decided."""
    match transfer.get("status"):
        case "SUCCESSFUL":
            return Paid()
        case "FAILED" if _code(transfer) not in NOT_DECIDED:
            return Failed(_reason(transfer))
        case _:
            return Pending()


def apply_callback(engine: Engine, callback: Mapping[str, Any], now: datetime) -> bool:
    """Ask about a transfer at once because MTN calls; what it says there counts for nothing."""
    told = callback.get("externalId")
    payout_id = id_of(told) if isinstance(told, str) else None
    if payout_id is None:
        return False
    with engine.begin() as connection:
        return connection.execute(ASK_SOON, {"id": payout_id, "now": now}).rowcount > 0


def _is_of(transfer: Mapping[str, Any], order: PayoutOrder) -> bool:
    """Tell whether an answer is about that order: it must not settle another."""
    return (
        transfer.get("externalId") == order.reference
        and transfer.get("currency") == order.amount.currency
        and _same_amount(transfer.get("amount"), order)
    )


def _same_amount(amount: object, order: PayoutOrder) -> bool:
    """MTN may write 5000 as "5000", "5000.0" or "5000.00"."""
    whole, _, fraction = str(amount).partition(".")
    ours, _, our_fraction = order.amount.text.partition(".")
    return whole == ours and fraction.rstrip("0") == our_fraction.rstrip("0")


def _code(answer: Mapping[str, Any]) -> str:
    """Return the code of a reason, which MTN writes in three ways."""
    reason = answer.get("reason", answer.get("code"))
    if isinstance(reason, dict):
        reason = reason.get("code")
    return reason if isinstance(reason, str) else ""


def _reason(answer: Mapping[str, Any]) -> str:
    said = _code(answer) or _message(answer)
    return REASONS.get(said) or (f"the network said {said[:60]}" if said else "no reason given")


def _message(answer: Mapping[str, Any]) -> str:
    """Return what is said without a code, as whatever stands before MTN's own service does."""
    said = answer.get("message") or answer.get("error")
    return said if isinstance(said, str) else ""


def _words(answer: _Answer) -> str:
    """Return a refusal as the log tells it: its status, and why."""
    said = _code(answer.body) or _message(answer.body)
    return f"{answer.status} {said[:200]!a}" if said else f"{answer.status}"


def _token_in(answer: _Answer | None) -> tuple[str, int]:
    """Return the token and how many seconds it lasts; "" where there is none."""
    if answer is None or answer.status != httpx.codes.OK:
        return "", 0
    token, lasts = answer.body.get("access_token"), str(answer.body.get("expires_in"))
    if not isinstance(token, str) or re.fullmatch(r"[!-~]+", token) is None:
        return "", 0
    return token, min(int(lasts), LONGEST_TOKEN_S) if re.fullmatch(r"[0-9]{1,9}", lasts) else 0


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _make(settings: Settings) -> Rail | None:
    account = settings.section(MomoSettings).account
    return None if account is None else MomoRail(account)


RAIL: Final = Configured("mobile", _make, MomoSettings)
