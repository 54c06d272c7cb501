"""What is counted of USSD: hops by the screen they led to, and where sessions ended."""

from typing import Final

from prometheus_client import Counter

HOPS: Final = Counter("kibubu_ussd_hops", "Hops answered, by screen.", ["screen"])
ENDED: Final = Counter(
    "kibubu_ussd_sessions_ended", "Sessions ended, by gateway status and last screen.",
    ["status", "screen"],
)  # fmt: skip
