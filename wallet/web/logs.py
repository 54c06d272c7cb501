"""Logs: one JSON object a line, on standard error, without anybody's secrets.

Two nets. Values under a name that holds secrets are never written; in all other text, phone
numbers are masked, and tokens and the values of failed SQL are taken out. PINs have no shape that
could be told from other numbers: what may hold one (a text, a USSD input, a body) is never logged.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, Final, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from wallet.numbers import masked

HIDDEN: Final = "***"
SECRET_NAMES: Final = frozenset(
    [
        *("pin", "new_pin", "chosen", "otp", "code", "password", "secret", "client_secret"),
        *("token", "access_token", "refresh_token", "authorization", "cookie"),
        *("key", "api_key", "apikey", "mac", "salt", "database_url", "redis_url"),
        *("body", "text", "input", "message", "msg", "form", "json", "query_string"),
        *("ussd", "ussd_string", "ussdstring", "userdata"),
    ]
)
_PHONE: Final = re.compile(r"(?<![0-9A-Za-z.:-])\+?[0-9]{9,15}(?![0-9A-Za-z])")
_TOKEN: Final = re.compile(
    r"\beyJ[\w-]*\.[\w-]*\.?[\w-]*|\b(?=[\w-]*[0-9])(?=[\w-]*[A-Z])[\w-]{40,}\b"
)
# What drivers say about the row they failed at.
_SQL_VALUES: Final = re.compile(
    r"\[parameters: .*?\](?=\n|$)|(?m:^(?:DETAIL|CONTEXT|LINE \d+):.*$)", re.DOTALL
)


def configure_logging(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send this process's logs, the libraries' too, to `stream` (standard error)."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(serializer=_line),
        ],
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells whole addresses
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Take secrets out of an event. This is a structlog processor."""
    return {name: _safe(name, value) for name, value in event.items()}


def scrub(said: str) -> str:
    """Return a text without phone numbers, tokens and the values of failed SQL."""
    said = _SQL_VALUES.sub(HIDDEN, said)
    said = _TOKEN.sub(HIDDEN, said)
    return _PHONE.sub(lambda found: masked(found[0]), said)


def _safe(name: str, value: Any) -> Any:
    if name.lower() in SECRET_NAMES:
        return HIDDEN
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, Mapping):
        return {str(inner): _safe(str(inner), each) for inner, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_safe(name, each) for each in value]
    if isinstance(value, bool | int | None):
        return value
    return scrub(str(value))


def _line(event: Any, **_: object) -> str:
    return orjson.dumps(event, default=str).decode()
