"""The gateways there are."""

from typing import Final

from ussd.gateways import Gateway
from ussd.gateways.africastalking import AfricasTalking

GATEWAYS: Final[tuple[type[Gateway], ...]] = (AfricasTalking,)
"""Every gateway that is served; its routes, and their handlers on the loop, follow."""
