"""Answers of Flask's routes that post: what the ledger told is sent as it is."""

from __future__ import annotations

from typing import Any, Final

import orjson
from flask import Response
from flask.json.provider import DefaultJSONProvider

from wallet.ledger.poster import Receipt

REPLAYED_HEADER: Final = "Idempotency-Replayed"


class FastJson(DefaultJSONProvider):
    """`jsonify` by orjson, which is several times quicker."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return orjson.loads(s)


def receipt_answer(receipt: Receipt, status: int = 201) -> Response:
    """Return a receipt as the response; a replay says so in its header."""
    answer = Response(orjson.dumps(receipt.answer), status, mimetype="application/json")
    if receipt.replayed:
        answer.headers[REPLAYED_HEADER] = "true"
    return answer
