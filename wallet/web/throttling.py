"""How often somebody may ask: counted in Valkey, which may be lost. Then nobody is held back."""

from __future__ import annotations

import logging

from redis import RedisError

from wallet.errors import Code, Refused
from wallet.web.schemas import current_service

log = logging.getLogger(__name__)


def check_rate(what: str, holder_id: int, limit: int, window_s: int) -> None:
    """Count one more of `what`. Raises `Refused` with `rate_limit_error` above `limit`.

    Windows begin at fixed times: simple, and up to twice the limit around a window's end.
    """
    service = current_service()
    now_s = int(service.clock.now().timestamp())
    key = f"rate:{what}:{holder_id}:{now_s // window_s}"
    try:
        pipeline = service.valkey.pipeline(transaction=False)
        pipeline.incr(key)
        pipeline.expire(key, window_s)
        count = pipeline.execute()[0]
    except RedisError as error:
        log.warning("rates are not limited: %s", type(error).__name__)
        return
    if count > limit:
        raise Refused(Code.RATE_LIMIT_ERROR, retry_after_s=window_s - now_s % window_s)
