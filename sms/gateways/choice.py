"""Which gateway the settings ask for (`KIBUBU_SMS_GATEWAY`)."""

from sms.gateways import Gateway
from sms.gateways.africastalking import AfricasTalkingGateway
from sms.gateways.console import ConsoleGateway
from wallet.config import Settings


def make_gateway(settings: Settings) -> Gateway:
    """Return the gateway a worker delivers through; make it in the process that uses it."""
    if settings.sms_gateway == "console":
        return ConsoleGateway()
    assert settings.at_username is not None, "the settings refuse to be without it"
    assert settings.at_api_key is not None, "likewise"
    return AfricasTalkingGateway(settings.at_url, settings.at_username, settings.at_api_key)
