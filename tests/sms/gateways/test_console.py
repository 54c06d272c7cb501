"""The default gateway."""

import logging

from sms.gateways import Accepted, OutboundText
from sms.gateways.console import ConsoleGateway


def test_the_console_delivers_at_once_and_logs_neither_text_nor_number(caplog):
    text = OutboundText(1, "+254711000002", "123456 is your Kibubu sign-in code.")
    with caplog.at_level(logging.INFO):
        (submission,) = ConsoleGateway().send([text])
    assert submission.outcome == Accepted(None, delivered=True)
    assert caplog.messages == ["text 000000000001 to +254***002, 35 septets"]
