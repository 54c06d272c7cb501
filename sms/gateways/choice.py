"""The gateways there are, and which of them takes our texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from sms.gateways import Callbacks, Gateway, africastalking, console
from wallet.config import Reader, Settings

GATEWAYS: Final = (console.GATEWAY, africastalking.GATEWAY)
"""Every gateway that can take our texts; the first is the default."""
CALLBACKS: Final[tuple[type[Callbacks], ...]] = (africastalking.AfricasTalkingCallbacks,)
"""Every gateway that may call us; its routes follow."""


@dataclass(frozen=True, slots=True)
class SmsSettings:
    """Texts.

    | Variable | Unset | Meaning |
    |---|---|---|
    | KIBUBU_SMS_GATEWAY | console | who takes them: a gateway below; with `console` nobody does |
    """

    gateway: str

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.choice("KIBUBU_SMS_GATEWAY", tuple(each.name for each in GATEWAYS)))


def make_gateway(settings: Settings) -> Gateway:
    """Return the gateway a worker delivers through; make it in the process that uses it."""
    chosen = settings.section(SmsSettings).gateway
    return next(each for each in GATEWAYS if each.name == chosen).make(settings)
