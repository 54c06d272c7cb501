"""What is counted of USSD: hops by the screen they led to, and where sessions ended."""

from __future__ import annotations

from functools import cache
from typing import Final

from prometheus_client import Counter

HOPS: Final = Counter("kibubu_ussd_hops", "Hops answered, by screen.", ("screen",))
ENDED: Final = Counter(
    "kibubu_ussd_sessions_ended",
    "Sessions ended, by the gateway's status and the last screen.",
    ("status", "screen"),
)


def count_hop(screen: str) -> None:
    """Count a hop by the screen that answered it."""
    _hops(screen).inc()


def count_end(status: str, screen: str) -> None:
    """Count a session that is over: `Incomplete` ones dropped off at that screen."""
    ENDED.labels(status, screen).inc()


@cache
def _hops(screen: str) -> Counter:
    return HOPS.labels(screen)  # finding it there costs more than counting
