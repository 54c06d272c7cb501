"""The default gateway: no phone network, the text counts as delivered at once.

The text itself stays in the table, where the demo town's inboxes read it; the log shows only that
there was one, because texts hold names, balances and sign-in codes.
"""

import logging
from collections.abc import Sequence
from typing import Final

from sms.gateways import Accepted, Gateway, OutboundText, Submission
from wallet.clock import reference
from wallet.config import Configured, Settings

logger = logging.getLogger(__name__)


class ConsoleGateway:
    """Logs a line for each text."""

    name = "console"

    def send(self, batch: Sequence[OutboundText]) -> list[Submission]:
        for text in batch:
            told = reference(text.id), masked(text.msisdn), len(text.body)
            logger.info("text %s to %s, %d septets", *told)
        return [Submission(text, Accepted(None, delivered=True)) for text in batch]


def masked(msisdn: str) -> str:
    """Return a number as a log may show it: country and last digits, not whose it is."""
    return f"{msisdn[:4]}***{msisdn[-3:]}" if len(msisdn) > 8 else "***"


def _make(_: Settings) -> Gateway:
    return ConsoleGateway()


GATEWAY: Final = Configured(ConsoleGateway.name, _make)
