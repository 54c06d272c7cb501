"""What can go wrong, as the caller sees it.

`Refused`: a rule said no, nothing moved. `Unavailable`: something we depend on is down, retry
with the same key. Anything else that is raised is a defect of ours.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum
from logging import Logger
from uuid import uuid4


class Code(StrEnum):
    """Refusals, highest precedence first. Published: append within a group, never rename.

    Words follow the GSMA Mobile Money API where it has one (`insufficientFunds` is
    `insufficient_funds` here).
    """

    # Who asks
    UNAUTHENTICATED = "unauthenticated"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 -- the name of a refusal, not a secret
    CLIENT_AUTHORISATION_ERROR = "client_authorisation_error"
    FORBIDDEN = "forbidden"
    RATE_LIMIT_ERROR = "rate_limit_error"
    # The form of the request
    MALFORMED = "malformed"
    BODY_TOO_LARGE = "body_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    REQUEST_TIMEOUT = "request_timeout"
    FORMAT_ERROR = "format_error"
    KEY_MISSING = "key_missing"
    KEY_MALFORMED = "key_malformed"
    KEY_REUSED = "key_reused"
    CURRENCY_NOT_SUPPORTED = "currency_not_supported"
    AMOUNT_MALFORMED = "amount_malformed"
    AMOUNT_TOO_PRECISE = "amount_too_precise"
    AMOUNT_TOO_LARGE = "amount_too_large"
    AMOUNT_NOT_POSITIVE = "amount_not_positive"
    PHONE_MALFORMED = "phone_malformed"
    PHONE_NOT_MOBILE = "phone_not_mobile"
    PHONE_REGION_NOT_SERVED = "phone_region_not_served"
    NAME_MALFORMED = "name_malformed"
    LANGUAGE_NOT_SUPPORTED = "language_not_supported"
    PIN_MALFORMED = "pin_malformed"
    PERIOD_OUT_OF_RANGE = "period_out_of_range"
    QR_MALFORMED = "qr_malformed"
    QR_EXPIRED = "qr_expired"
    QR_NOT_OURS = "qr_not_ours"
    ORDER_DOES_NOT_ADD_UP = "order_does_not_add_up"
    DESCRIPTION_MALFORMED = "description_malformed"
    BANK_FILE_REFUSED = "bank_file_refused"
    STATEMENT_GAP = "statement_gap"
    # Who and what is meant
    NOT_FOUND = "not_found"
    ALREADY_REGISTERED = "already_registered"
    SIGN_IN_CODE_WRONG = "sign_in_code_wrong"
    SIGN_IN_EXPIRED = "sign_in_expired"
    REFRESH_TOKEN_REUSED = "refresh_token_reused"  # noqa: S105 -- the name of a refusal
    SENDER_UNKNOWN = "sender_unknown"
    RECEIVER_UNKNOWN = "receiver_unknown"
    TILL_UNKNOWN = "till_unknown"
    CONTRACT_UNKNOWN = "contract_unknown"
    QUOTE_UNKNOWN = "quote_unknown"
    PLAN_UNKNOWN = "plan_unknown"
    PAYMENT_UNKNOWN = "payment_unknown"
    NOT_A_PARTY = "not_a_party"
    OWN_TRANSACTION = "own_transaction"
    SAME_PARTIES = "same_parties"
    DESTINATION_UNKNOWN = "destination_unknown"
    DESTINATION_CODE_WRONG = "destination_code_wrong"
    DESTINATION_CODE_EXPIRED = "destination_code_expired"
    SENDER_CLOSED = "sender_closed"
    SENDER_FROZEN = "sender_frozen"
    RECEIVER_CLOSED = "receiver_closed"
    RECEIVER_FROZEN = "receiver_frozen"
    NOT_AN_AGENT = "not_an_agent"
    NO_WALLET_IN_CURRENCY = "no_wallet_in_currency"
    RECEIVER_REGISTERED = "receiver_registered"
    DISPUTE_UNKNOWN = "dispute_unknown"
    # The secret that proves the sender
    PIN_NOT_SET = "pin_not_set"
    PIN_LOCKED = "pin_locked"
    PIN_WRONG = "pin_wrong"
    PIN_WEAK = "pin_weak"
    PIN_USED_BEFORE = "pin_used_before"
    VISIT_CODE_WRONG = "visit_code_wrong"
    VISIT_CODE_EXPIRED = "visit_code_expired"
    # The state of the thing
    CONTRACT_CLOSED = "contract_closed"
    CONTRACT_PAST_DEADLINE = "contract_past_deadline"
    CONTRACT_NOT_DUE = "contract_not_due"
    DEADLINE_OUT_OF_RANGE = "deadline_out_of_range"
    MORE_THAN_HELD = "more_than_held"
    QUOTE_USED = "quote_used"
    QUOTE_HAS_EXPIRED = "quote_has_expired"
    QUOTE_CHANGED = "quote_changed"
    NO_PRICE = "no_price"
    REFERENCE_RATE_STALE = "reference_rate_stale"
    PAYOUT_DESTINATION_MISSING = "payout_destination_missing"
    DESTINATION_UNCONFIRMED = "destination_unconfirmed"
    DESTINATION_COOLING_OFF = "destination_cooling_off"
    CASH_CODE_WRONG = "cash_code_wrong"
    CASH_AT_OTHER_AGENT = "cash_at_other_agent"
    INCORRECT_STATE = "incorrect_state"
    PLAN_WITHDRAWN = "plan_withdrawn"
    NOT_A_PLAN = "not_a_plan"
    PAID_BY_VISIT = "paid_by_visit"
    TRADE_DOCUMENT_MISSING = "trade_document_missing"
    TRADE_DOCUMENT_FIXED = "trade_document_fixed"
    DISPUTE_CLOSED = "dispute_closed"
    DISPUTE_PAST_DUE = "dispute_past_due"
    DISPUTE_NOT_DUE = "dispute_not_due"
    NOT_YOUR_TURN = "not_your_turn"
    MORE_THAN_DISPUTED = "more_than_disputed"
    SPLIT_NOT_WHOLE = "split_not_whole"
    PROPOSAL_CHANGED = "proposal_changed"
    TOO_MANY_DISPUTES = "too_many_disputes"
    NOT_REVERSIBLE = "not_reversible"
    ALREADY_REVERSED = "already_reversed"
    MORE_THAN_RELEASED = "more_than_released"
    PAYMENT_REFUNDED = "payment_refunded"
    REFUND_WAITING = "refund_waiting"
    RECEIVER_LACKS_FUNDS = "receiver_lacks_funds"
    APPROVAL_DECIDED = "approval_decided"
    APPROVAL_BY_ASKER = "approval_by_asker"
    APPROVAL_NEEDED = "approval_needed"
    BANK_REFERENCE_USED = "bank_reference_used"
    PRICE_OUT_OF_BAND = "price_out_of_band"
    ALREADY_PAID = "already_paid"
    # Limits
    LESS_THAN_TRANSACTION_MIN_VALUE = "less_than_transaction_min_value"
    GREATER_THAN_TRANSACTION_MAX_VALUE = "greater_than_transaction_max_value"
    DAILY_VALUE_LIMIT_EXCEEDED = "daily_value_limit_exceeded"
    MONTHLY_VALUE_LIMIT_EXCEEDED = "monthly_value_limit_exceeded"
    MAX_BALANCE_EXCEEDED = "max_balance_exceeded"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    OPEN_QUOTES_EXCEED_PREFUND = "open_quotes_exceed_prefund"


class Refused(Exception):
    """A rule said no. `facts` are safe to show the caller and help them do better.

    `rows` and `texts` are written although no money moves: a wrong PIN counts its attempt, and
    its holder is told of a lock.
    """

    def __init__(
        self,
        code: Code,
        *,
        rows: Sequence[object] = (),
        texts: Sequence[object] = (),
        **facts: object,
    ) -> None:
        super().__init__(code.value)
        self.code = code
        self.facts = facts
        self.rows = tuple(rows)
        self.texts = tuple(texts)

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={value}" for name, value in self.facts.items())
        return f"{self.code.value} ({shown})" if shown else self.code.value


def quoted(text: str) -> str:
    """Return a stranger's words as a message shows them: in quotes, on one line, as JSON has it."""
    return json.dumps(text, ensure_ascii=False)


class Unavailable(Exception):
    """Something we depend on is down; the outcome is settled by retrying with the same key."""


def tell_defect(log: Logger, error: Exception, what: str) -> str:
    """Log a defect of ours with its traceback; return the number that the log has of it.

    It is logged once, by whoever notices it first, however many it passes on its way.
    """
    told: str | None = getattr(error, "told_as", None)
    if told is None:
        told = f"urn:uuid:{uuid4()}"
        log.error("defect %s: %s", told, what, exc_info=error)
        with suppress(AttributeError):  # the few that take none
            error.told_as = told  # type: ignore[attr-defined]  # ours, on any exception
    return told
