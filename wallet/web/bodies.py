"""JSON bodies, read strictly: what two readers could understand differently is refused."""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn

from flask import request
from webargs.flaskparser import FlaskParser
from werkzeug.http import parse_options_header

from wallet.errors import Code, Refused

MAX_BYTES: Final = 64 * 1024
MAX_DEPTH: Final = 16
JSON: Final = "application/json"
_STRINGS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_BRACKETS: Final = re.compile(rb"[\[\]{}]")


def json_body() -> dict[str, Any]:
    """Return the request's JSON object.

    Raises `Refused` with `unsupported_media_type` or `malformed`: not JSON, not an object, a name
    given twice, NaN, nested too deeply, or text that no database can store.
    """
    check_json(request.content_type)
    raw = request.get_data(cache=True)
    if len(raw) >= MAX_BYTES and request.content_length is None:  # then it has been cut there
        raise Refused(Code.BODY_TOO_LARGE)
    return parse_object(raw)


def check_json(content_type: str | None) -> None:
    """Raise `Refused` where a body is not said to be JSON."""
    if content_type != JSON and parse_options_header(content_type)[0].lower() != JSON:
        raise Refused(Code.UNSUPPORTED_MEDIA_TYPE, expected=JSON)


def parse_object(raw: bytes) -> dict[str, Any]:
    """Return the JSON object that `raw` is. Raises `Refused` with `malformed`."""
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _depth(raw) > MAX_DEPTH:
        raise Refused(Code.MALFORMED, reason="The JSON is nested too deeply.")
    try:
        # Of text, not bytes: of these json would guess UTF-16, and let encoded surrogates pass.
        body = _STRICTLY.decode(raw.decode())
        if b"\\u" in raw:  # only an escape can spell a lone surrogate
            json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise Refused(Code.MALFORMED, reason="The body is not JSON.") from error
    if not isinstance(body, dict):
        raise Refused(Code.MALFORMED, reason="The body is not a JSON object.")
    if b"\\u0000" in raw:
        raise Refused(Code.MALFORMED, reason="Text holds a NUL character.")
    return body


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refused(Code.MALFORMED, reason="A name is given twice.")
    return found


def _constant(name: str) -> NoReturn:
    raise Refused(Code.MALFORMED, reason=f"{name} is not JSON.")


_STRICTLY: Final = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def _depth(raw: bytes) -> int:
    """Return how deeply `raw` nests, without parsing what could be hostile."""
    depth = deepest = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", raw)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


class StrictParser(FlaskParser):
    """Reads arguments for the schemas: unknown names are refused wherever they stand."""

    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012 -- not a class variable where it comes from
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": "raise",
    }

    def load_json(self, req: Any, schema: Any) -> Any:
        """Return the body as `json_body` reads it."""
        return json_body()

    def load_querystring(self, req: Any, schema: Any) -> Any:
        """Return the query as webargs reads it. Raises `Refused` for what no database can ask."""
        if any("\0" in text for pair in req.args.items(multi=True) for text in pair):
            raise Refused(Code.MALFORMED, reason="Text holds a NUL character.")
        return super().load_querystring(req, schema)
